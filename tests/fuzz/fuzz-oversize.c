/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "extension-host-json-scan-private.h"
#include "extension-host-message-private.h"
#include "extension-host-oversize-private.h"

int LLVMFuzzerTestOneInput (const guint8 *data,
                            size_t        size);

/* In pieces of 1 to 32 bytes, each in memory of its own. */
static gsize
feed_pieces (ExtensionHostOversize *self,
             const char            *text,
             gsize                  size,
             guint                  seed)
{
  gsize fed = 0;

  while (fed < size && !self->is_done)
    {
      gsize n = 0;
      g_autofree char *piece = NULL;

      seed = seed * 1103515245 + 12345;
      n = MIN (1 + (seed >> 16) % 32, size - fed);
      piece = g_memdup2 (text + fed, n);
      fed += extension_host_oversize_feed (self, piece, n);
    }

  return fed;
}

static void
assert_same (ExtensionHostOversize *one,
             ExtensionHostOversize *other)
{
  gsize length = 0;
  gsize other_length = 0;
  const char *id = extension_host_oversize_get_id (one, &length);
  const char *other_id = extension_host_oversize_get_id (other, &other_length);

  g_assert_cmpint (one->is_done, ==, other->is_done);
  g_assert_cmpint (one->place, ==, other->place);
  g_assert_cmpint (extension_host_oversize_get_kind (one), ==,
                   extension_host_oversize_get_kind (other));
  g_assert_cmpint (extension_host_oversize_get_call (one), ==,
                   extension_host_oversize_get_call (other));
  g_assert_cmpmem (id, length, other_id, other_length);
}

static gboolean
has_member (const ExtensionHostJsonScan *scan,
            ExtensionHostJsonMember      member)
{
  return scan->members[member].length > 0;
}

/* What is JSON is understood as the scan understands it. */
static void
check_scan (ExtensionHostOversize *self,
            const char            *text,
            gsize                  size)
{
  const ExtensionHostJsonSpan *id = NULL;
  ExtensionHostJsonScan scan;

  if (!extension_host_json_scan (&scan, text, size) ||
      scan.document != EXTENSION_HOST_JSON_OBJECT)
    return;

  id = &scan.members[EXTENSION_HOST_JSON_MEMBER_ID];
  g_assert_cmpint (self->has_id, ==, id->length > 0);
  g_assert_cmpint (self->has_method, ==, has_member (&scan, EXTENSION_HOST_JSON_MEMBER_METHOD));
  g_assert_cmpint (self->has_answer, ==, has_member (&scan, EXTENSION_HOST_JSON_MEMBER_RESULT) ||
                                         has_member (&scan, EXTENSION_HOST_JSON_MEMBER_ERROR));

  if (id->length > 0 && id->length <= sizeof self->id && strchr ("{[", text[id->start]) == NULL)
    g_assert_cmpmem (self->id, self->id_length, text + id->start, id->length);
  if (extension_host_oversize_get_kind (self) == EXTENSION_HOST_OVERSIZE_RESPONSE)
    g_assert_cmpint (extension_host_oversize_get_call (self), ==,
                     extension_host_message_read_call (text + id->start, id->length));
}

static void
check_id (ExtensionHostOversize *self)
{
  ExtensionHostJsonScan scan;
  gsize length = 0;
  const char *id = extension_host_oversize_get_id (self, &length);

  if (id == NULL)
    return;

  g_assert_true (extension_host_json_scan (&scan, id, length));
  g_assert_null (memchr (id, '\n', length));
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        size_t        size)
{
  const char *text = (const char *) data;
  ExtensionHostOversize whole;
  ExtensionHostOversize pieces;
  guint seed = size > 0 ? data[size / 2] : 0;
  gsize fed = 0;

  extension_host_oversize_init_line (&whole);
  extension_host_oversize_init_line (&pieces);
  fed = extension_host_oversize_feed (&whole, text, size);
  g_assert_cmpuint (fed, <=, size);
  g_assert_cmpuint (feed_pieces (&pieces, text, size, seed), ==, fed);
  assert_same (&whole, &pieces);
  check_id (&whole);

  extension_host_oversize_init_counted (&whole, size);
  extension_host_oversize_init_counted (&pieces, size);
  g_assert_cmpuint (extension_host_oversize_feed (&whole, text, size), ==, size);
  g_assert_cmpuint (feed_pieces (&pieces, text, size, seed), ==, size);
  g_assert_true (whole.is_done);
  assert_same (&whole, &pieces);
  check_id (&whole);
  check_scan (&whole, text, size);

  return 0;
}
