/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* Watches the application itself. The lifeline alone would not do: a child that the application
 * forked without exec holds the other end of it, too. */

/* PID is what the application calls itself. */
void application_watch (pid_t pid);

/* A descriptor that becomes readable when the application is gone, or -1 when only the lifeline
 * tells. */
int application_get_fd (void);

bool application_is_gone (void);
