/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#define EXTENSION_HOST_INSIDE

#include "extension-host-version.h"
#include "extension-host-version-macros.h"

#include "extension-host-call-failure.h"
#include "extension-host-enums.h"
#include "extension-host-enum-types.h"
#include "extension-host-error.h"
#include "extension-host-exit.h"
#include "extension-host-extension.h"
#include "extension-host-health.h"
#include "extension-host-invocation.h"
#include "extension-host-manager.h"
#include "extension-host-process.h"
#include "extension-host-shutdown-report.h"
#include "extension-host-spec.h"
#include "extension-host-stop-outcome.h"
#include "extension-host-transition.h"

#undef EXTENSION_HOST_INSIDE
