/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include <json-glib/json-glib.h>

#include "extension-host-json-repair-private.h"
#include "extension-host-json-scan-private.h"

int LLVMFuzzerTestOneInput (const guint8 *data,
                            size_t        size);

/* A second reading of RFC 8259, as plain as it can be: recursive, byte by byte. */

typedef struct
{
  const guint8 *data;
  gsize size;
  gsize at;
  guint depth;
  gboolean is_too_deep;
  gsize n_values;
  gboolean needs_repair;
  gboolean has_nul;
} Naive;

static gboolean naive_value (Naive *self);

static int
next (Naive *self)
{
  return self->at < self->size ? self->data[self->at] : -1;
}

static gboolean
take (Naive *self,
      int    c)
{
  if (next (self) != c)
    return FALSE;

  self->at++;

  return TRUE;
}

static void
naive_space (Naive *self)
{
  while (take (self, ' ') || take (self, '\t') || take (self, '\n') || take (self, '\r'))
    ;
}

static gboolean
naive_word (Naive      *self,
            const char *word)
{
  for (; *word != '\0'; word++)
    if (!take (self, *word))
      return FALSE;

  return TRUE;
}

static gboolean
naive_digits (Naive *self)
{
  gsize start = self->at;

  while (next (self) >= '0' && next (self) <= '9')
    self->at++;

  return self->at > start;
}

static gboolean
naive_number (Naive *self)
{
  take (self, '-');
  if (!take (self, '0') && !naive_digits (self))
    return FALSE;
  if (take (self, '.') && !naive_digits (self))
    return FALSE;
  if (!take (self, 'e') && !take (self, 'E'))
    return TRUE;
  if (!take (self, '+'))
    take (self, '-');

  return naive_digits (self);
}

static int
naive_hex (Naive *self)
{
  int code = 0;

  for (guint i = 0; i < 4; i++)
    {
      int digit = next (self) < 0 ? -1 : g_ascii_xdigit_value (next (self));

      if (digit < 0)
        return -1;
      self->at++;
      code = code * 16 + digit;
    }

  return code;
}

static gboolean
naive_escape (Naive *self)
{
  int c = next (self);
  int code = 0;
  gsize after = 0;

  if (c <= 0 || strchr ("\"\\/bfnrtu", c) == NULL)
    return FALSE;
  self->at++;
  if (c != 'u')
    return TRUE;

  code = naive_hex (self);
  if (code < 0)
    return FALSE;
  if (code == 0)
    self->has_nul = TRUE;
  if (code < 0xd800 || code > 0xdfff)
    return TRUE;

  after = self->at;
  if (code < 0xdc00 && take (self, '\\') && take (self, 'u'))
    {
      int low = naive_hex (self);

      if (low >= 0xdc00 && low <= 0xdfff)
        return TRUE;
    }
  self->at = after;
  self->needs_repair = TRUE;

  return TRUE;
}

static gboolean
naive_string (Naive *self)
{
  gsize start = self->at;

  if (!take (self, '"'))
    return FALSE;

  while (!take (self, '"'))
    {
      if (next (self) < 0x20)
        return FALSE;
      if (take (self, '\\') ? !naive_escape (self) : (self->at++, FALSE))
        return FALSE;
    }

  if (!g_utf8_validate_len ((const char *) self->data + start, self->at - start, NULL))
    self->needs_repair = TRUE;

  return TRUE;
}

static gboolean
naive_members (Naive *self,
               int    close)
{
  naive_space (self);
  if (take (self, close))
    return TRUE;

  do
    {
      naive_space (self);
      if (close == '}')
        {
          if (!naive_string (self))
            return FALSE;
          naive_space (self);
          if (!take (self, ':'))
            return FALSE;
          naive_space (self);
        }
      if (!naive_value (self))
        return FALSE;
      naive_space (self);
    }
  while (take (self, ','));

  return take (self, close);
}

static gboolean
naive_nested (Naive *self,
              int    close)
{
  gboolean is_good = FALSE;

  if (self->depth == EXTENSION_HOST_JSON_MAX_DEPTH)
    {
      self->is_too_deep = TRUE;
      return FALSE;
    }

  self->depth++;
  is_good = naive_members (self, close);
  self->depth--;

  return is_good;
}

static gboolean
naive_value (Naive *self)
{
  self->n_values++;
  if (next (self) == '"')
    return naive_string (self);
  if (take (self, '{'))
    return naive_nested (self, '}');
  if (take (self, '['))
    return naive_nested (self, ']');
  if (next (self) == 't')
    return naive_word (self, "true");
  if (next (self) == 'f')
    return naive_word (self, "false");
  if (next (self) == 'n')
    return naive_word (self, "null");

  return naive_number (self);
}

static ExtensionHostJsonVerdict
naive_scan (Naive        *self,
            const guint8 *data,
            gsize         size)
{
  *self = (Naive) { .data = data, .size = size };

  naive_space (self);
  if (!naive_value (self))
    return self->is_too_deep ? EXTENSION_HOST_JSON_TOO_DEEP : EXTENSION_HOST_JSON_NOT_JSON;

  naive_space (self);

  return self->at == size ? EXTENSION_HOST_JSON_VALID : EXTENSION_HOST_JSON_TRAILING;
}

/* What must hold */

static void
check_span (const char                  *text,
            gsize                        size,
            const ExtensionHostJsonSpan *span)
{
  ExtensionHostJsonScan inner;

  g_assert_cmpuint (span->start, <=, size);
  g_assert_cmpuint (span->length, <=, size - span->start);
  if (span->length == 0)
    return;

  g_assert_true (extension_host_json_scan (&inner, text + span->start, span->length));
  g_assert_cmpuint (inner.whole.start, ==, 0);
  g_assert_cmpuint (inner.whole.length, ==, span->length);
  g_assert_cmpuint (inner.whole.n_values, ==, span->n_values);
  g_assert_cmpint (inner.whole.needs_repair, ==, span->needs_repair);
  g_assert_cmpint (inner.whole.has_nul, ==, span->has_nul);
}

static void
check_runs (const char *text,
            gsize       size)
{
  const char *end = text + size;

  for (gsize i = 0; i < MIN (size, 64); i++)
    {
      const char *stop = extension_host_json_run_bytes (text + i, end);

      g_assert_true (extension_host_json_run_words (text + i, end) == stop);
      g_assert_true (extension_host_json_run (text + i, end) == stop);
    }
}

static void
check_repair (const char                  *text,
              const ExtensionHostJsonScan *scan,
              gsize                        size)
{
  g_autoptr(JsonParser) parser = json_parser_new_immutable ();
  g_autoptr(GError) error = NULL;
  g_autofree char *repaired = NULL;
  ExtensionHostJsonScan again;
  gsize length = 0;

  repaired = extension_host_json_repair (text, size, &length);
  g_assert_true (extension_host_json_scan (&again, repaired, length));
  g_assert_false (again.whole.needs_repair);
  g_assert_cmpint (again.whole.has_nul, ==, scan->whole.has_nul);
  g_assert_cmpuint (again.whole.n_values, ==, scan->whole.n_values);
  g_assert_true (g_utf8_validate_len (repaired, length, NULL));
  if (!scan->whole.needs_repair)
    g_assert_true (length == size && memcmp (repaired, text, size) == 0);

  json_parser_load_from_data (parser, repaired, length, &error);
  g_assert_no_error (error);
  g_assert_nonnull (json_parser_get_root (parser));
}

static void
check_decode (const char                  *text,
              const ExtensionHostJsonSpan *span)
{
  g_autofree char *decoded = NULL;

  if (span->length == 0 || text[span->start] != '"')
    return;

  decoded = extension_host_json_decode_string (text + span->start, span->length);
  g_assert_true (g_utf8_validate (decoded, -1, NULL));
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        size_t        size)
{
  const char *text = (const char *) data;
  ExtensionHostJsonVerdict expected;
  ExtensionHostJsonScan scan;
  Naive naive;

  expected = naive_scan (&naive, data, size);
  extension_host_json_scan (&scan, text, size);
  g_assert_cmpint (scan.verdict, ==, expected);
  g_assert_cmpuint (scan.error_offset, <=, size);
  check_runs (text, size);

  for (guint i = 0; i < EXTENSION_HOST_JSON_N_MEMBERS; i++)
    check_span (text, size, &scan.members[i]);

  if (expected != EXTENSION_HOST_JSON_VALID)
    return 0;

  g_assert_cmpuint (scan.whole.n_values, ==, naive.n_values);
  g_assert_cmpint (scan.whole.needs_repair, ==, naive.needs_repair);
  g_assert_cmpint (scan.whole.has_nul, ==, naive.has_nul);
  check_span (text, size, &scan.whole);
  check_repair (text, &scan, size);
  check_decode (text, &scan.whole);

  return 0;
}
