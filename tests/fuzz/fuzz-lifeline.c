/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "extension-host-lifeline-private.h"

#include "shim/lifeline.h"

#define COMMAND_MAX 63      /* bytes, as the shim has it */
#define MAX_PACKETS 16      /* so that all fit the socket */

int LLVMFuzzerTestOneInput (const guint8 *data,
                            size_t        size);

/* A second reading of the reports: digits, ranges and words by regular expressions. */

static const struct {
  const char *form;
  ExtensionHostReportKind kind;
  guint64 max;
} forms[] = {
  { "spawned ([0-9]+)\\z",             EXTENSION_HOST_REPORT_SPAWNED,   G_MAXINT },
  { "failed ([0-9]+) ([a-z-]{1,31})\\z", EXTENSION_HOST_REPORT_FAILED,  4095 },
  { "exited ([0-9]+)\\z",              EXTENSION_HOST_REPORT_EXITED,    255 },
  { "signalled ([0-9]+) (0*[01])\\z",  EXTENSION_HOST_REPORT_SIGNALLED, 64 },
  { "left ([0-9]+)\\z",                EXTENSION_HOST_REPORT_LEFT,      G_MAXINT },
  { "gone\\z",                         EXTENSION_HOST_REPORT_GONE,      0 },
  { "ok\\z",                           EXTENSION_HOST_REPORT_OK,        0 },
};

/* A number beyond any range is that of the first one that is out of it. */
static guint64
read_digits (const char *digits)
{
  digits += strspn (digits, "0");

  return strlen (digits) > 18 ? G_MAXUINT64 : g_ascii_strtoull (digits, NULL, 10);
}

static GRegex *
get_form (gsize i)
{
  static GRegex *regexes[G_N_ELEMENTS (forms)];

  if (regexes[i] == NULL)
    regexes[i] = g_regex_new (forms[i].form, G_REGEX_RAW | G_REGEX_ANCHORED, 0, NULL);
  g_assert_nonnull (regexes[i]);

  return regexes[i];
}

static gboolean
read_form (gsize                i,
           const char          *packet,
           gsize                length,
           ExtensionHostReport *report)
{
  g_autoptr(GMatchInfo) match = NULL;
  g_autofree char *number = NULL;
  g_autofree char *rest = NULL;

  if (!g_regex_match_full (get_form (i), packet, length, 0, 0, &match, NULL))
    return FALSE;

  memset (report, 0, sizeof *report);
  report->kind = forms[i].kind;
  number = g_match_info_fetch (match, 1);
  rest = g_match_info_fetch (match, 2);
  if (number != NULL && read_digits (number) > forms[i].max)
    return FALSE;

  report->number = number != NULL ? read_digits (number) : 0;
  if (report->kind == EXTENSION_HOST_REPORT_FAILED)
    g_strlcpy (report->step, rest, sizeof report->step);
  else if (rest != NULL)
    report->core_dumped = g_str_has_suffix (rest, "1");

  return TRUE;
}

static gboolean
read_report (const char          *packet,
             gsize                length,
             ExtensionHostReport *report)
{
  if (length == 0 || length > EXTENSION_HOST_REPORT_MAX)
    return FALSE;

  for (gsize i = 0; i < G_N_ELEMENTS (forms); i++)
    if (read_form (i, packet, length, report))
      return TRUE;

  return FALSE;
}

static void
assert_same (const ExtensionHostReport *one,
             const ExtensionHostReport *other)
{
  g_assert_cmpint (one->kind, ==, other->kind);
  g_assert_cmpuint (one->number, ==, other->number);
  g_assert_cmpint (one->core_dumped, ==, other->core_dumped);
  g_assert_cmpstr (one->step, ==, other->step);
}

/* The shim at its end of the lifeline */

static int
connect_shim (void)
{
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds),
                   ==, 0);
  if (fds[0] == LIFELINE_FD)   /* it is the lowest that is free */
    return fds[1];

  g_assert_cmpint (fds[1], !=, LIFELINE_FD);
  g_assert_cmpint (dup2 (fds[0], LIFELINE_FD), ==, LIFELINE_FD);
  close (fds[0]);

  return fds[1];
}

/* Whether there is a report, which is one that the library knows. */
static gboolean
receive_report (int                  fd,
                ExtensionHostReport *report)
{
  char packet[EXTENSION_HOST_REPORT_MAX + 1];
  gssize n = recv (fd, packet, sizeof packet, MSG_DONTWAIT);

  if (n <= 0)
    return FALSE;

  g_assert_true (extension_host_report_parse (packet, n, report));

  return TRUE;
}

static void
send_report (const ExtensionHostReport *report)
{
  switch (report->kind)
    {
    case EXTENSION_HOST_REPORT_SPAWNED:
      lifeline_report_number ("spawned", report->number);
      break;
    case EXTENSION_HOST_REPORT_FAILED:
      lifeline_report_failed (report->number, report->step);
      break;
    case EXTENSION_HOST_REPORT_EXITED:
      lifeline_report_number ("exited", report->number);
      break;
    case EXTENSION_HOST_REPORT_SIGNALLED:
      lifeline_report_signalled (report->number, report->core_dumped);
      break;
    case EXTENSION_HOST_REPORT_LEFT:
      lifeline_report_left (report->number);
      break;
    case EXTENSION_HOST_REPORT_GONE:
      lifeline_report ("gone");
      break;
    case EXTENSION_HOST_REPORT_OK:
      lifeline_report ("ok");
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
check_report (int         fd,
              const char *packet,
              gsize       length)
{
  ExtensionHostReport report;
  ExtensionHostReport expected;
  ExtensionHostReport again;
  gboolean is_report = extension_host_report_parse (packet, length, &report);

  g_assert_cmpint (is_report, ==, read_report (packet, length, &expected));
  if (!is_report)
    return;

  assert_same (&report, &expected);
  send_report (&report);
  g_assert_true (receive_report (fd, &again));
  assert_same (&report, &again);
  g_assert_false (receive_report (fd, &again));
}

/* A second reading of the commands */
static enum lifeline_news
read_command (const char *packet,
              gsize       length,
              unsigned   *grace_ms)
{
  g_autofree char *text = g_strndup (packet, length);

  if (length > COMMAND_MAX || strlen (text) != length)
    return LIFELINE_NOTHING;
  if (strcmp (text, "kill") == 0)
    return LIFELINE_KILL;
  if (!g_str_has_prefix (text, "term ") || text[5] == '\0' ||
      text[5 + strspn (text + 5, "0123456789")] != '\0' || read_digits (text + 5) > G_MAXUINT)
    return LIFELINE_NOTHING;

  *grace_ms = read_digits (text + 5);

  return LIFELINE_TERM;
}

static void
check_command (int         fd,
               const char *packet,
               gsize       length)
{
  unsigned expected_ms = 0;
  unsigned grace_ms = 0;
  enum lifeline_news expected = read_command (packet, length, &expected_ms);
  ExtensionHostReport report;

  if (expected == LIFELINE_NOTHING)
    return;

  /* As often as it was sent, each with its answer. */
  g_assert_cmpint (lifeline_next (&grace_ms), ==, expected);
  g_assert_cmpuint (grace_ms, ==, expected_ms);
  g_assert_true (receive_report (fd, &report));
  g_assert_cmpint (report.kind, ==, EXTENSION_HOST_REPORT_OK);
}

/* All packets are in the queue before the first is read, and the end comes behind the last. */
static void
check_commands (char  **packets,
                gsize  *lengths,
                guint   n_packets)
{
  unsigned grace_ms = 0;
  ExtensionHostReport report;
  int fd = connect_shim ();

  g_assert_true (lifeline_open ());
  for (guint i = 0; i < n_packets; i++)
    g_assert_cmpint (send (fd, packets[i], lengths[i], MSG_NOSIGNAL), ==, lengths[i]);
  for (guint i = 0; i < n_packets; i++)
    check_command (fd, packets[i], lengths[i]);

  g_assert_cmpint (lifeline_next (&grace_ms), ==, LIFELINE_NOTHING);
  g_assert_false (receive_report (fd, &report));
  g_assert_false (lifeline_is_lost ());
  close (fd);
  g_assert_true (lifeline_is_lost ());
  g_assert_cmpint (lifeline_next (&grace_ms), ==, LIFELINE_LOST);
  lifeline_close ();
}

/* Each line is a packet; none is empty, as that would be the end. */
int
LLVMFuzzerTestOneInput (const guint8 *data,
                        size_t        size)
{
  char *packets[MAX_PACKETS];
  gsize lengths[MAX_PACKETS];
  guint n_packets = 0;
  int fd = connect_shim ();

  for (gsize at = 0, length = 0; at < size && n_packets < MAX_PACKETS; at += length + 1)
    {
      const guint8 *newline = memchr (data + at, '\n', size - at);

      length = newline != NULL ? (gsize) (newline - data) - at : size - at;
      if (length == 0)
        continue;
      packets[n_packets] = g_memdup2 (data + at, length);
      lengths[n_packets] = length;
      check_report (fd, packets[n_packets], length);
      n_packets++;
    }
  close (fd);
  lifeline_close ();

  check_commands (packets, lengths, n_packets);
  for (guint i = 0; i < n_packets; i++)
    g_free (packets[i]);

  return 0;
}
