/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined (EXTENSION_HOST_INSIDE) && !defined (EXTENSION_HOST_COMPILATION)
#error "Only <extension-host.h> can be included directly."
#endif

#include <glib.h>

#include "extension-host-version.h"

#ifdef EXTENSION_HOST_COMPILATION
#define _EXTENSION_HOST_EXTERN __attribute__ ((visibility ("default"))) extern
#else
#define _EXTENSION_HOST_EXTERN extern
#endif

/* An application may define this to the oldest version it supports: newer symbols then warn. */
#define EXTENSION_HOST_VERSION_0_1 (G_ENCODE_VERSION (0, 1))

#ifndef EXTENSION_HOST_VERSION_MAX_ALLOWED
#define EXTENSION_HOST_VERSION_MAX_ALLOWED EXTENSION_HOST_VERSION_0_1
#endif

#if EXTENSION_HOST_VERSION_MAX_ALLOWED < EXTENSION_HOST_VERSION_0_1
#define EXTENSION_HOST_AVAILABLE_IN_0_1 G_UNAVAILABLE (0, 1) _EXTENSION_HOST_EXTERN
#else
#define EXTENSION_HOST_AVAILABLE_IN_0_1 _EXTENSION_HOST_EXTERN
#endif
