/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

/* Becomes ARGV[0], looked for in PATH unless it has a slash. Returns -1 with errno when it could
 * not.
 *
 * This is execvp () but for one habit of it: text without an interpreter line is not given to a
 * shell, it is ENOEXEC. */
int search_and_execute (char **argv);
