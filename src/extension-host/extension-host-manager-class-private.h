/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "extension-host-manager-private.h"

G_BEGIN_DECLS

#define MAX_CONCURRENT_RESTARTS 4   /* unless the application says otherwise */

enum
{
  PROP_0,
  PROP_ITEM_TYPE,
  PROP_N_ITEMS,
  PROP_STRATEGY,
  PROP_MAX_CONCURRENT_RESTARTS,
  PROP_APPLICATION_ID,
  PROP_ACCESS,
  PROP_BUS_NAME,
  EXTENSION_HOST_MANAGER_N_PROPS
};

enum
{
  STATE_CHANGED,
  CRASHED,
  LOG,
  HEALTH_CHECKED,
  EXTENSION_HOST_MANAGER_N_SIGNALS
};

extern GParamSpec *extension_host_manager_properties[EXTENSION_HOST_MANAGER_N_PROPS];
extern guint extension_host_manager_signals[EXTENSION_HOST_MANAGER_N_SIGNALS];

void extension_host_manager_install_properties (GObjectClass *object_class);
void extension_host_manager_install_signals    (GType         type);

G_END_DECLS
