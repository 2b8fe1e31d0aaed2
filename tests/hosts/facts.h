/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

/* Writes what this process was given to standard output: one JSON object with one member per
 * line. */
void facts_tell (char **argv);
