/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/* The program and all that descends from it: who is left, and ending them.
 *
 * A process number is used only while we know whose it is. Our children keep theirs until we reap
 * them, which never happens between finding one and signalling it. The program, although exited,
 * stays unreaped until the rest is gone, because as long as its number is taken so is the number
 * of its process group. */

/* Opens what will be needed later. */
void tree_prepare (void);

void tree_set_program (pid_t program);

/* True once: when the program is found to have ended, with INFO saying how. */
bool tree_has_program_ended (siginfo_t *info);

/* Reaps the children that have ended, the program excepted. False when there may be more of
 * them. */
bool tree_reap (void);

/* Whether no process is left; by then the program is reaped, too. */
bool tree_is_gone (void);

/* TERM, for those who can act on it at once, then CONT, for those who are stopped. */
void tree_terminate_program (void);
void tree_terminate (void);
void tree_terminate_newly_adopted (void);

/* What one pass of KILL found. */
struct tree_pass
{
  unsigned left;   /* only when it was a deep one */
  bool met_new;   /* somebody whom no earlier pass had met */
};

/* A pass that is not deep goes for our children only. Theirs are ours as soon as they have died,
 * and taking them as they come is faster than looking for them, unless somebody up there does not
 * die. */
void tree_kill (bool              deep,
                struct tree_pass *pass);

/* Whether a child is waiting for its first KILL. */
bool tree_has_newly_adopted (void);
