/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* extension-host-shim: stands between an application and the program of one of its extension
 * hosts.
 *
 * It runs the program, tells the application what becomes of it, and ends the program together
 * with everything that descends from it: on command, when the program has ended, and when the
 * application is gone, however that happened. One process per host, because a process can adopt
 * the orphans of its own descendants only, and because somebody has to outlive the application.
 *
 * It uses no heap and holds no state that a later look at the facts could not correct. */

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "application.h"
#include "launch.h"
#include "lifeline.h"
#include "options.h"
#include "setup.h"
#include "supervise.h"
#include "tree.h"

static int
end_without_program (int         error,
                     const char *step)
{
  lifeline_report_failed (error, step);
  lifeline_report ("gone");
  lifeline_close ();

  return EXIT_SUCCESS;
}

static int
run (char **argv)
{
  static const char explanation[] =
    "extension-host-shim is run by libextension-host, not by hand\n";
  struct options options;
  struct launch launch;

  if (!lifeline_open ())
    {
      (void) !write (STDERR_FILENO, explanation, sizeof explanation - 1);
      return 2;
    }
  if (!options_parse (&options, argv))
    return end_without_program (EINVAL, "setup");
  if (!setup_shim (&options))
    return end_without_program (errno, "setup");
  if (lifeline_is_lost () || application_is_gone ())
    return EXIT_SUCCESS;

  launch = launch_program (&options);
  if (launch.pid == 0)
    return end_without_program (launch.error, launch.step);

  lifeline_report_number ("spawned", launch.pid);
  setup_release (&options);
  tree_set_program (launch.pid);
  supervise (setup_get_signals_fd ());
  lifeline_report ("gone");
  lifeline_close ();

  return EXIT_SUCCESS;
}

/* Nothing is to be done at exit. A sanitizer would look for leaks then, with the help of a process
 * that stops us, and wait for ever if the CONT of the application came in between. */
int
main (int    argc,
      char **argv)
{
  _exit (run (argv));
}
