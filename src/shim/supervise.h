/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

/* Watches over the program of tree.h, reports what becomes of it and ends the whole tree when it
 * has ended, on command, or when the application is gone. Returns when nothing is left of the
 * tree. */
void supervise (int signals_fd);
