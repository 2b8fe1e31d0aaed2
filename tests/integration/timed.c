/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "timed.h"

static char *late;           /* what was, in this attempt; NULL if nothing */
static guint n_late;         /* attempts of this test */

void
timed_is_late (const char *where,
               const char *limit,
               double      took)
{
  g_free (late);
  late = g_strdup_printf ("%s: %s: it is %g", where, limit, took);
}

gboolean
timed_again (void)
{
  g_autofree char *what = g_steal_pointer (&late);

  if (what == NULL)
    {
      n_late = 0;
      return FALSE;
    }

  n_late++;
  g_test_message ("%s, in attempt %u", what, n_late);
  if (n_late == TIMED_ATTEMPTS)
    g_error ("%s, and the attempts before were late, too", what);

  return TRUE;
}

typedef struct
{
  GTestFunc without_data;   /* this … */
  GTestDataFunc function;   /* … or this */
  gconstpointer data;
} Timed;

static void
run (gconstpointer data)
{
  const Timed *timed = data;

  do
    if (timed->without_data != NULL)
      timed->without_data ();
    else
      timed->function (timed->data);
  while (timed_again ());
}

void
timed_add_func (const char *path,
                GTestFunc   function)
{
  Timed *timed = g_new0 (Timed, 1);

  timed->without_data = function;
  g_test_add_data_func_full (path, timed, run, g_free);
}

void
timed_add_data_func (const char    *path,
                     gconstpointer  data,
                     GTestDataFunc  function)
{
  Timed *timed = g_new0 (Timed, 1);

  timed->function = function;
  timed->data = data;
  g_test_add_data_func_full (path, timed, run, g_free);
}
