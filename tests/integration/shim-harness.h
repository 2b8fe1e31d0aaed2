/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>
#include <sys/types.h>

/* Drives a shim the way the library does: over its lifeline, with pipes for the program. */

#define HARNESS_DEADLINE_MS 20000

typedef struct
{
  pid_t shim;
  pid_t program;   /* 0 before expect_spawned () */
  int lifeline;
  int input;       /* the other ends of what the program has as 0, 1, 2 */
  int output;
  int errors;
  char *marker;    /* is in the environment of all that descends from the program */
} Host;

/* Waits for CONDITION by looking again and again: for what cannot be waited for otherwise. */
#define wait_until(condition)                                                   \
  G_STMT_START {                                                                \
    gint64 deadline_ = harness_deadline ();                                     \
                                                                                \
    while (!(condition))                                                        \
      harness_pause (deadline_, G_STRLOC, #condition);                          \
  } G_STMT_END

gint64 harness_deadline (void);
void harness_pause (gint64      deadline,
                    const char *where,
                    const char *what);

const char *harness_shim (void);
const char *harness_fake_host (void);

/* A folder of the test's own, that other users can enter, too. */
char *harness_make_folder (void);
void harness_remove_folder (char *folder);
char *harness_copy_fake_host (const char *folder,
                              guint       mode);

/* OPTIONS are the shim's, ARGV the program's; both NULL-terminated. */
Host *host_start (const char *const *options,
                  const char *const *argv);
Host *host_start_full (const char *const *options,
                       const char *const *argv,
                       pid_t              application,
                       int                ipc);
/* The fake host, its options separated by spaces, when no option of the shim's is needed. */
Host *host_start_fake (const char *options);

/* With a lifeline whose other end is closed already. */
Host *host_start_lost (const char *const *argv);

/* Ends whatever is left, and forgets about it. */
void host_free (Host *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Host, host_free)

void host_send (Host       *self,
                const char *command);
/* The next report, or NULL at the end of the lifeline. */
char *host_next_report (Host *self);
/* The same, `left` skipped. */
char *host_next_news (Host *self);
void host_expect (Host       *self,
                  const char *report);
void host_expect_spawned (Host *self);
/* The end of the lifeline, status 0, and no process with the marker. */
void host_expect_end (Host *self);
/* gone, and all that. */
void host_expect_gone (Host *self);
/* Whether nothing is to be read from the lifeline. */
gboolean host_is_silent (Host *self);
void     host_await_report (Host *self);   /* and leaves it unread */

/* Without its newline. */
char *read_line (int fd);
void host_expect_line (int         fd,
                       const char *line);
char *read_until_end (int fd);
gboolean is_at_end (int fd);

/* How many living processes, shims excepted, have MARKER in their environment. */
guint count_marked (const char *marker);

/* The value behind NAME in /proc/PID/status, or NULL. */
char *process_status (pid_t       pid,
                      const char *name);
gboolean process_exists (pid_t pid);
gboolean process_is_stopped (pid_t pid);

/* Calls FUNC in a process of its own, which plays the application or a user without privileges. A
 * failed assertion in it fails the test. */
typedef void (*HarnessFunc) (gpointer data);

pid_t harness_fork (HarnessFunc func,
                    gpointer    data);
void harness_join (pid_t pid);
/* Skips the test when not run by root; otherwise FUNC is called as nobody. */
void harness_run_as_nobody (HarnessFunc func,
                            gpointer    data);

/* Reaps a process that is our child, or will be when its parent has died. */
void harness_reap (pid_t pid);
/* Waits until this process has no child left, adopted ones included. */
void harness_reap_all (void);

/* g_test_init () and what all these tests need. */
void harness_init (int    *argc,
                   char ***argv);
