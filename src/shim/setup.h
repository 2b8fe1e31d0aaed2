/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <stdbool.h>

#include "options.h"

/* Makes this process fit to be a shim. False with errno. */
bool setup_shim (const struct options *options);

/* A non-blocking signalfd for every signal there is. */
int setup_get_signals_fd (void);

/* Lets go of all that is the program's, so that its pipes end with it and its folder can be
 * unmounted. */
void setup_release (const struct options *options);
