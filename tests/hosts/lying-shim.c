/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* lying-shim: stands in the place of the shim, launches nothing and tells the library tales.
 *
 *   EXTENSION_HOST_SHIM=…/lying-shim LIE=gone-first … */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#define LIFELINE_FD 3
#define LIFE 60   /* s: however a test ends, none of these is alive the day after */

#define MAX_PACKETS 5
#define PACKET(text) { text, sizeof text - 1 }
#define SPAWNED PACKET ("spawned @")   /* with the number of the liar itself */

static char endless[5000];

static const struct tale
{
  const char *name;
  bool stays;   /* until the lifeline ends, without a further word */
  struct {
    const char *text;
    size_t length;
  } packets[MAX_PACKETS];
} tales[] = {
  { "ends", false, { { NULL } } },
  { "silent", true, { { NULL } } },
  { "gone-first", true, { PACKET ("gone") } },
  { "exited-first", false, { PACKET ("exited 0"), PACKET ("gone") } },
  { "two-spawned", true, { SPAWNED, SPAWNED } },
  { "garbage", true, { PACKET ("\xff\0\xfe") } },
  { "empty", true, { PACKET ("") } },
  { "endless", true, { { endless, sizeof endless } } },
  { "failed-stays", true, { PACKET ("failed 2 exec") } },
  { "failed-ends", false, { PACKET ("failed 2 exec") } },
  { "failed-oddly", false, { PACKET ("failed 4095 abcdefghijklmnopqrstuvwxyz"), PACKET ("gone") } },
  { "gone-stays", true, { SPAWNED, PACKET ("exited 0"), PACKET ("gone") } },
  { "gone-goes-on", true,
    { SPAWNED, PACKET ("exited 0"), PACKET ("gone"), PACKET ("spawned 5"), PACKET ("exited 1") } },
  { "left-many", true, { SPAWNED, PACKET ("left 2147483647") } },
  { "unasked-ok", true, { PACKET ("ok"), PACKET ("ok"), PACKET ("ok"), PACKET ("ok") } },
  { "signalled-by-0", false, { SPAWNED, PACKET ("signalled 0 0"), PACKET ("gone") } },
  { "signalled-by-64", false, { SPAWNED, PACKET ("signalled 64 1"), PACKET ("gone") } },
  { "signalled-by-65", true, { SPAWNED, PACKET ("signalled 65 0") } },
};

static void
tell (const char *text,
      size_t      length)
{
  char spawned[32];

  if (length > 0 && text[length - 1] == '@')
    {
      length = (size_t) snprintf (spawned, sizeof spawned, "spawned %d", (int) getpid ());
      text = spawned;
    }
  send (LIFELINE_FD, text, length, MSG_NOSIGNAL);
}

static void
stay (void)
{
  char command[64];

  while (recv (LIFELINE_FD, command, sizeof command, 0) > 0)
    continue;
}

/* More than one reader can take in. */
static void
flood (void)
{
  tell ("@", 1);
  for (int i = 0; i < 2; i++)
    if (fork () == 0)
      alarm (LIFE);
  while (send (LIFELINE_FD, "ok", 2, MSG_NOSIGNAL) >= 0)
    continue;
}

/* It does as it is told, and then it does not go. */
static void
linger (void)
{
  char byte;

  tell ("@", 1);
  while (read (STDIN_FILENO, &byte, 1) > 0)
    continue;
  tell ("exited 0", strlen ("exited 0"));
  tell ("gone", strlen ("gone"));
  for (;;)
    pause ();
}

int
main (void)
{
  const char *lie = getenv ("LIE");

  alarm (LIFE);
  memset (endless, '1', sizeof endless);
  memcpy (endless, "spawned ", strlen ("spawned "));

  if (lie != NULL && strcmp (lie, "flood") == 0)
    {
      flood ();
      return 0;
    }

  if (lie != NULL && strcmp (lie, "gone-lingers") == 0)
    linger ();

  for (size_t i = 0; i < sizeof tales / sizeof tales[0]; i++)
    {
      const struct tale *tale = &tales[i];

      if (lie == NULL || strcmp (lie, tale->name) != 0)
        continue;

      for (size_t j = 0; j < MAX_PACKETS && tale->packets[j].text != NULL; j++)
        tell (tale->packets[j].text, tale->packets[j].length);
      if (tale->stays)
        stay ();
      return 0;
    }

  fprintf (stderr, "lying-shim: no lie is called \"%s\"\n", lie != NULL ? lie : "");

  return 2;
}
