/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

/* What a hostile program may try against its shim, which is its parent. The outcome goes to
 * standard error, as "attack: WAY: succeeded" or "attack: WAY: <why not>". */

/* WAY is ptrace, pidfd-getfd or procfd: take the lifeline and report `exited 0` in the shim's
 * name. */
void attack_lifeline (const char *way);

void attack_by_signal (int         signal_number,
                       const char *name);
