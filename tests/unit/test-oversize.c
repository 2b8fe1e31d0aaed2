/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "extension-host-message-private.h"
#include "extension-host-oversize-private.h"

#define V "\"jsonrpc\":\"2.0\""
#define OTHER EXTENSION_HOST_OVERSIZE_OTHER
#define REQUEST EXTENSION_HOST_OVERSIZE_REQUEST
#define NOTIFICATION EXTENSION_HOST_OVERSIZE_NOTIFICATION
#define RESPONSE EXTENSION_HOST_OVERSIZE_RESPONSE
#define NO_CALL EXTENSION_HOST_MESSAGE_NO_CALL

/* id: for requests, raw; call: for responses. */
static const struct {
  const char *text;
  ExtensionHostOversizeKind kind;
  gint64 call;
  const char *id;
} cases[] = {
  { "{" V ",\"id\":7,\"result\":[1,{\"id\":8}]}", RESPONSE, 7, NULL },
  { "{\"result\":{\"id\":8,\"method\":\"m\"},\"id\":7}", RESPONSE, 7, NULL },
  { " { \"error\" : { \"code\" : 1 } , \"id\" : \"7\" } ", RESPONSE, 7, NULL },
  { "{\"result\":\"a\\\"b\\\\\",\"id\":7}", RESPONSE, 7, NULL },
  { "{\"result\":[\"]}\\\"]}\",\"{[\"],\"id\":7}", RESPONSE, 7, NULL },
  { "{\"result\":\"\303\251\377\",\"id\":7}", RESPONSE, 7, NULL },
  { "{\"re\\u0073ult\":0,\"\\u0069\\u0064\":7}", RESPONSE, 7, NULL },
  { "{\"result\":-1.5e3,\"id\":7}", RESPONSE, 7, NULL },
  { "{\"id\":1,\"id\":7,\"result\":0}", RESPONSE, 7, NULL },
  { "{\"id\":{\"id\":1},\"result\":0}", RESPONSE, NO_CALL, NULL },
  { "{\"id\":7.0,\"result\":0}", RESPONSE, NO_CALL, NULL },
  { "{\"id\":null,\"result\":0}", RESPONSE, NO_CALL, NULL },
  { "{\"result\":0}", RESPONSE, NO_CALL, NULL },
  { "{\"id\":2147483648,\"result\":0}", RESPONSE, NO_CALL, NULL },
  { "{\"id\":1234567890123456789012345678901234567890123,\"result\":0}", RESPONSE, NO_CALL, NULL },

  { "{\"method\":\"m\",\"params\":[{}],\"id\":7}", REQUEST, NO_CALL, "7" },
  { "{\"id\":\"a\\u0062\",\"method\":\"m\"}", REQUEST, NO_CALL, "\"a\\u0062\"" },
  { "{\"id\":\"123e4567-e89b-12d3-a456-426614174000\",\"method\":\"m\"}", REQUEST, NO_CALL,
    "\"123e4567-e89b-12d3-a456-426614174000\"" },
  { "{\"id\":\"123e4567-e89b-12d3-a456-426614174000-123\",\"method\":\"m\"}", REQUEST, NO_CALL,
    NULL },
  { "{\"id\":\"\",\"method\":\"m\"}", REQUEST, NO_CALL, "\"\"" },
  { "{\"id\":\"\\x\",\"method\":\"m\"}", REQUEST, NO_CALL, NULL },
  { "{\"id\":07,\"method\":\"m\"}", REQUEST, NO_CALL, NULL },
  { "{\"id\":1.5,\"method\":\"m\"}", REQUEST, NO_CALL, NULL },
  { "{\"id\":null,\"method\":\"m\"}", REQUEST, NO_CALL, NULL },
  { "{\"id\":[7],\"method\":\"m\"}", REQUEST, NO_CALL, NULL },
  { "{\"id\":7,\"method\":\"m\",\"result\":0}", REQUEST, NO_CALL, "7" },
  { "{\"method\":\"m\",\"params\":{\"id\":7}}", NOTIFICATION, NO_CALL, NULL },

  { "", OTHER, NO_CALL, NULL },
  { "{}", OTHER, NO_CALL, NULL },
  { "{\"id\":7}", OTHER, NO_CALL, NULL },
  { "[{\"id\":7,\"result\":0}]", OTHER, NO_CALL, NULL },
  { "x{\"id\":7,\"result\":0}", OTHER, NO_CALL, NULL },
  { "\"{\\\"id\\\":7,\\\"result\\\":0}", OTHER, NO_CALL, NULL },
  { "{} {\"id\":7,\"result\":0}", OTHER, NO_CALL, NULL },
  { "{\"idx\":7,\"results\":0,\"\":0,\"methods\":0,\"ID\":1,\"jsonrpcjsonrpc\":0}", OTHER, NO_CALL,
    NULL },
  { "{\"\\u0169d\":7,\"\303\251\":0,\"\\u0172esult\":0,\"resultresult\":0}", OTHER, NO_CALL,
    NULL },
  { "{\"i\\u00e4d\":7,\"\\result\":0,\"\\\"error\":0,\"meth\\u0000od\":0}", OTHER, NO_CALL, NULL },

  /* Broken: what was seen before the mistake counts. */
  { "{\"id\":7,\"result\":\"aaaaaaa", RESPONSE, 7, NULL },
  { "{\"id\":7,\"result\":0 garbage,\"id\":8}", RESPONSE, 7, NULL },
  { "{\"id\":7,\"result\":0}{\"id\":8,\"method\":0}", RESPONSE, 7, NULL },
  { "{\"id\":7,\"result\":]],\"id\":8}", RESPONSE, 7, NULL },
  { "{\"a\":\"\\\303\251\",\"id\":7,\"result\":0}", RESPONSE, 7, NULL },
  { "{\"\\uzzzz\":1,\"id\":7,\"result\":0}", OTHER, NO_CALL, NULL },
  { "{\"id\":7,\"\\uzz\":1,\"result\":0}", OTHER, NO_CALL, NULL },
};

static void
assert_found (ExtensionHostOversize *self,
              gsize                  i)
{
  gsize length = 0;
  const char *id = extension_host_oversize_get_id (self, &length);
  g_autofree char *copy = id != NULL ? g_strndup (id, length) : NULL;

  g_assert_true (self->is_done);
  g_assert_cmpint (extension_host_oversize_get_kind (self), ==, cases[i].kind);
  g_assert_cmpint (extension_host_oversize_get_call (self), ==, cases[i].call);
  g_assert_cmpstr (copy, ==, cases[i].id);
}

/* Feeds in pieces of that size, each in memory of its own. */
static gsize
feed (ExtensionHostOversize *self,
      const char            *text,
      gsize                  length,
      gsize                  size)
{
  gsize fed = 0;

  while (fed < length && !self->is_done)
    {
      gsize n = MIN (size, length - fed);
      g_autofree char *piece = g_memdup2 (text + fed, n);
      gsize taken = extension_host_oversize_feed (self, piece, n);

      g_assert_cmpuint (taken, <=, n);
      g_assert_true (taken == n || self->is_done);
      fed += taken;
    }

  return fed;
}

static void
test_lines (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = g_strconcat (cases[i].text, "\n{\"id\":9,\"result\":0}\n", NULL);

      for (gsize size = 1; size <= strlen (text); size++)
        {
          ExtensionHostOversize oversize;

          extension_host_oversize_init_line (&oversize);
          g_assert_cmpuint (feed (&oversize, text, strlen (text), size), ==,
                            strlen (cases[i].text) + 1);
          assert_found (&oversize, i);
        }
    }
}

static void
test_counted (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *text = g_strconcat (cases[i].text, "Content-Length: 1", NULL);

      for (gsize size = 1; size <= strlen (text); size++)
        {
          ExtensionHostOversize oversize;

          extension_host_oversize_init_counted (&oversize, strlen (cases[i].text));
          g_assert_cmpuint (feed (&oversize, text, strlen (text), size), ==,
                            strlen (cases[i].text));
          assert_found (&oversize, i);
        }
    }
}

static void
test_counted_newlines (void)
{
  const char *text = "{\n\"id\":\n7\n,\r\n\"result\"\n:\n0\n}\n";
  ExtensionHostOversize oversize;

  extension_host_oversize_init_counted (&oversize, strlen (text));
  g_assert_cmpuint (extension_host_oversize_feed (&oversize, text, strlen (text)), ==,
                    strlen (text));
  g_assert_true (oversize.is_done);
  g_assert_cmpint (extension_host_oversize_get_call (&oversize), ==, 7);
}

static void
test_done_takes_no_more (void)
{
  ExtensionHostOversize oversize;

  extension_host_oversize_init_line (&oversize);
  g_assert_cmpuint (extension_host_oversize_feed (&oversize, "\n\n", 2), ==, 1);
  g_assert_cmpuint (extension_host_oversize_feed (&oversize, "\n", 1), ==, 0);

  extension_host_oversize_init_counted (&oversize, 0);
  g_assert_true (oversize.is_done);
}

static void
test_large (void)
{
  g_autofree char *filler = g_strnfill (64 * 1024, '[');
  ExtensionHostOversize oversize;

  extension_host_oversize_init_line (&oversize);
  extension_host_oversize_feed (&oversize, "{\"result\":", 10);
  for (guint i = 0; i < 256; i++)
    extension_host_oversize_feed (&oversize, filler, 64 * 1024);
  memset (filler, '}', 64 * 1024);   /* it counts brackets of both kinds as one */
  for (guint i = 0; i < 256; i++)
    extension_host_oversize_feed (&oversize, filler, 64 * 1024);
  extension_host_oversize_feed (&oversize, ",\"id\":7}\n", 9);

  g_assert_true (oversize.is_done);
  g_assert_cmpint (extension_host_oversize_get_call (&oversize), ==, 7);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/oversize/lines", test_lines);
  g_test_add_func ("/oversize/counted", test_counted);
  g_test_add_func ("/oversize/counted-newlines", test_counted_newlines);
  g_test_add_func ("/oversize/done-takes-no-more", test_done_takes_no_more);
  g_test_add_func ("/oversize/large", test_large);

  return g_test_run ();
}
