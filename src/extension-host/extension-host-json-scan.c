/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "extension-host-json-repair-private.h"
#include "extension-host-json-scan-private.h"

/* What moves through the text returns the place behind what it knows, or NULL after fail (). */

#define ONES G_GUINT64_CONSTANT (0x0101010101010101)
#define TOPS G_GUINT64_CONSTANT (0x8080808080808080)

typedef struct
{
  const char *end;
  const char *error;
  ExtensionHostJsonVerdict verdict;
  guint depth;
  guint64 is_object[EXTENSION_HOST_JSON_MAX_DEPTH / 64];   /* a bit per level */
  gsize n_values;
  gboolean needs_repair;
  gboolean has_nul;
} Scanner;

static const struct {
  const char *text;
  gsize length;
} names[] = {
  [EXTENSION_HOST_JSON_MEMBER_JSONRPC]    = { "jsonrpc",   7 },
  [EXTENSION_HOST_JSON_MEMBER_ID]         = { "id",        2 },
  [EXTENSION_HOST_JSON_MEMBER_METHOD]     = { "method",    6 },
  [EXTENSION_HOST_JSON_MEMBER_PARAMS]     = { "params",    6 },
  [EXTENSION_HOST_JSON_MEMBER_RESULT]     = { "result",    6 },
  [EXTENSION_HOST_JSON_MEMBER_ERROR]      = { "error",     5 },
  [EXTENSION_HOST_JSON_MEMBER_CODE]       = { "code",      4 },
  [EXTENSION_HOST_JSON_MEMBER_MESSAGE]    = { "message",   7 },
  [EXTENSION_HOST_JSON_MEMBER_DATA]       = { "data",      4 },
  [EXTENSION_HOST_JSON_MEMBER_REQUEST_ID] = { "requestId", 9 },
  [EXTENSION_HOST_JSON_MEMBER_CMD]        = { "cmd",       3 },
};

G_STATIC_ASSERT (G_N_ELEMENTS (names) == EXTENSION_HOST_JSON_N_MEMBERS);

/* Runs of plain ASCII */

static inline gboolean
is_plain (char c)
{
  return (guchar) c >= 0x20 && (guchar) c < 0x80 && c != '"' && c != '\\';
}

const char *
extension_host_json_run_bytes (const char *text,
                               const char *end)
{
  while (text < end && is_plain (*text))
    text++;

  return text;
}

/* The top bit of each byte that is not plain. A borrow can mark bytes above such a byte wrongly,
 * never one below it, and only the lowest is asked for. */
static inline guint64
find_special (guint64 word)
{
  guint64 quote = word ^ (ONES * '"');
  guint64 backslash = word ^ (ONES * '\\');

  return ((quote - ONES) | (backslash - ONES) | (word - ONES * 0x20) | word) & TOPS;
}

const char *
extension_host_json_run_words (const char *text,
                               const char *end)
{
  while (end - text >= 8)
    {
      guint64 word = 0;
      guint64 special = 0;

      memcpy (&word, text, sizeof word);
      special = find_special (GUINT64_FROM_LE (word));
      if (special != 0)
        return text + __builtin_ctzll (special) / 8;
      text += 8;
    }

  return extension_host_json_run_bytes (text, end);
}

const char *
extension_host_json_run (const char *text,
                         const char *end)
{
#ifdef __SSE2__
  const __m128i quotes = _mm_set1_epi8 ('"');
  const __m128i backslashes = _mm_set1_epi8 ('\\');
  const __m128i spaces = _mm_set1_epi8 (' ');

  while (end - text >= 16)
    {
      __m128i bytes = _mm_loadu_si128 ((const __m128i *) text);
      /* Signed, so that bytes above 127 count as less than a space too. */
      __m128i special = _mm_or_si128 (_mm_cmplt_epi8 (bytes, spaces),
                                      _mm_or_si128 (_mm_cmpeq_epi8 (bytes, quotes),
                                                    _mm_cmpeq_epi8 (bytes, backslashes)));
      guint mask = _mm_movemask_epi8 (special);

      if (mask != 0)
        return text + __builtin_ctz (mask);
      text += 16;
    }
#endif

  return extension_host_json_run_words (text, end);
}

/* Helpers of all that follows */

static const char *
fail (Scanner    *scanner,
      const char *p)
{
  scanner->error = p;

  return NULL;
}

/* NUL at the end: as a byte of the text it is as wrong in all places that ask. */
static inline char
peek (Scanner    *scanner,
      const char *p)
{
  return p < scanner->end ? *p : '\0';
}

static inline gboolean
is_space (char c)
{
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static inline const char *
skip_space (Scanner    *scanner,
            const char *p)
{
  while (p < scanner->end && is_space (*p))
    p++;

  return p;
}

static inline gboolean
is_digit (char c)
{
  return c >= '0' && c <= '9';
}

/* Strings */

static const char *
scan_sequences (Scanner    *scanner,
                const char *p)
{
  while (p < scanner->end && (guchar) *p >= 0x80)
    {
      gboolean is_valid = TRUE;
      guchar lead = *p;

      /* Two bytes, which most alphabets take, are told without a call. */
      if (lead >= 0xc2 && lead < 0xe0 && (peek (scanner, p + 1) & 0xc0) == 0x80)
        p += 2;
      else
        p += extension_host_json_sequence (p, scanner->end, &is_valid);
      scanner->needs_repair |= !is_valid;
    }

  return p;
}

static const char *
scan_escape (Scanner    *scanner,
             const char *p)
{
  guint n_bytes = 0;
  int code = 0;

  switch (peek (scanner, p + 1))
    {
    case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r': case 't':
      return p + 2;
    case 'u':
      break;
    default:
      return fail (scanner, p);
    }

  code = extension_host_json_code_point (p + 2, scanner->end, &n_bytes);
  if (code < 0)
    return fail (scanner, p);

  scanner->has_nul |= code == 0;
  scanner->needs_repair |= code >= 0xd800 && code <= 0xdfff;

  return p + 2 + n_bytes;
}

/* At the opening quote. */
static inline const char *
scan_string (Scanner    *scanner,
             const char *p)
{
  p++;
  while (p != NULL)
    {
      char c;

      p = extension_host_json_run (p, scanner->end);
      c = peek (scanner, p);
      if (c == '"')
        return p + 1;
      if (c == '\\')
        p = scan_escape (scanner, p);
      else if ((guchar) c >= 0x80)
        p = scan_sequences (scanner, p);
      else
        p = fail (scanner, p);
    }

  return NULL;
}

/* Numbers and words */

static inline const char *
scan_digits (Scanner    *scanner,
             const char *p)
{
  if (!is_digit (peek (scanner, p)))
    return fail (scanner, p);

  do
    p++;
  while (p < scanner->end && is_digit (*p));

  return p;
}

static inline const char *
scan_number (Scanner    *scanner,
             const char *p)
{
  if (*p == '-')
    p++;

  /* A digit behind a leading zero is left for the caller, who expects none. */
  p = peek (scanner, p) == '0' ? p + 1 : scan_digits (scanner, p);

  if (p != NULL && peek (scanner, p) == '.')
    p = scan_digits (scanner, p + 1);

  if (p != NULL && (peek (scanner, p) | 0x20) == 'e')
    {
      char sign = peek (scanner, p + 1);

      p = scan_digits (scanner, p + (sign == '+' || sign == '-' ? 2 : 1));
    }

  return p;
}

static const char *
scan_word (Scanner    *scanner,
           const char *p,
           const char *word)
{
  gsize length = strlen (word);

  if ((gsize) (scanner->end - p) < length || memcmp (p, word, length) != 0)
    return fail (scanner, p);

  return p + length;
}

/* Values. The nesting is kept in `depth` and `is_object`, not on the stack. */

static inline gboolean
is_in_object (Scanner *scanner)
{
  return scanner->is_object[(scanner->depth - 1) / 64] >> (scanner->depth - 1) % 64 & 1;
}

/* From the name of a member to its value. */
static inline const char *
scan_name (Scanner    *scanner,
           const char *p)
{
  if (peek (scanner, p) != '"')
    return fail (scanner, p);

  p = scan_string (scanner, p);
  if (p == NULL)
    return NULL;

  p = skip_space (scanner, p);
  if (peek (scanner, p) != ':')
    return fail (scanner, p);

  return skip_space (scanner, p + 1);
}

/* At an opening bracket: to the first value in it, one level deeper, or behind an empty pair. */
static inline const char *
enter (Scanner    *scanner,
       const char *p,
       gboolean    is_object)
{
  guint level = scanner->depth;
  guint64 bit = G_GUINT64_CONSTANT (1) << level % 64;

  if (level == EXTENSION_HOST_JSON_MAX_DEPTH)
    {
      scanner->verdict = EXTENSION_HOST_JSON_TOO_DEEP;
      return fail (scanner, p);
    }

  p = skip_space (scanner, p + 1);
  if (peek (scanner, p) == (is_object ? '}' : ']'))
    return p + 1;

  scanner->depth++;
  if (is_object)
    scanner->is_object[level / 64] |= bit;
  else
    scanner->is_object[level / 64] &= ~bit;

  return is_object ? scan_name (scanner, p) : p;
}

/* A scalar, an empty object or array, or what enter () does. */
static inline const char *
scan_token (Scanner    *scanner,
            const char *p)
{
  char c = peek (scanner, p);

  scanner->n_values++;
  switch (c)
    {
    case '"':
      return scan_string (scanner, p);
    case '{':
    case '[':
      return enter (scanner, p, c == '{');
    case 't':
      return scan_word (scanner, p, "true");
    case 'f':
      return scan_word (scanner, p, "false");
    case 'n':
      return scan_word (scanner, p, "null");
    default:
      return c == '-' || is_digit (c) ? scan_number (scanner, p) : fail (scanner, p);
    }
}

/* Behind a value: closes what ends here, and moves to the next value unless that ends @base. */
static inline const char *
leave (Scanner    *scanner,
       const char *p,
       guint       base)
{
  while (scanner->depth > base)
    {
      gboolean in_object = is_in_object (scanner);
      char c;

      p = skip_space (scanner, p);
      c = peek (scanner, p);
      if (c == ',')
        {
          p = skip_space (scanner, p + 1);
          return in_object ? scan_name (scanner, p) : p;
        }
      if (c != (in_object ? '}' : ']'))
        return fail (scanner, p);

      scanner->depth--;
      p++;
    }

  return p;
}

static const char *
scan_value (Scanner    *scanner,
            const char *p)
{
  const guint base = scanner->depth;

  for (;;)
    {
      guint depth = scanner->depth;

      p = scan_token (scanner, p);
      if (p != NULL && scanner->depth == depth)
        p = leave (scanner, p, base);
      if (p == NULL || scanner->depth == base)
        return p;
    }
}

/* The outermost level, where members matter */

/* The member of that name, raw and with its quotes, or EXTENSION_HOST_JSON_N_MEMBERS. */
static ExtensionHostJsonMember
find_member (const char *text,
             gsize       length)
{
  gboolean is_escaped = memchr (text, '\\', length) != NULL;

  for (guint i = 0; i < EXTENSION_HOST_JSON_N_MEMBERS; i++)
    if (is_escaped ? extension_host_json_string_equals (text, length, names[i].text)
                   : length == names[i].length + 2 &&
                     memcmp (text + 1, names[i].text, names[i].length) == 0)
      return i;

  return EXTENSION_HOST_JSON_N_MEMBERS;
}

static ExtensionHostJsonSpan
make_span (Scanner *scanner,
           gsize    start,
           gsize    length)
{
  return (ExtensionHostJsonSpan) {
    .start = start,
    .length = length,
    .n_values = scanner->n_values,
    .needs_repair = scanner->needs_repair,
    .has_nul = scanner->has_nul,
  };
}

/* One value as a span of its own, with its own count and marks. */
static const char *
scan_span (Scanner               *scanner,
           const char            *p,
           const char            *text,
           ExtensionHostJsonSpan *span)
{
  const char *start = p;
  gsize n_before = scanner->n_values;
  gboolean needed_repair = scanner->needs_repair;
  gboolean had_nul = scanner->has_nul;

  scanner->needs_repair = FALSE;
  scanner->has_nul = FALSE;
  p = scan_value (scanner, p);
  if (p == NULL)
    return NULL;

  *span = make_span (scanner, start - text, p - start);
  span->n_values -= n_before;
  scanner->needs_repair |= needed_repair;
  scanner->has_nul |= had_nul;

  return p;
}

static const char *
scan_member (Scanner               *scanner,
             const char            *p,
             const char            *text,
             ExtensionHostJsonScan *self)
{
  ExtensionHostJsonMember member = EXTENSION_HOST_JSON_N_MEMBERS;
  const char *name = p;
  const char *value = scan_name (scanner, p);
  gsize length = 0;

  if (value == NULL)
    return NULL;

  /* The quote that ends the name is the last byte but space and colon. */
  for (length = value - name; name[length - 1] != '"'; length--)
    ;

  member = find_member (name, length);
  if (member == EXTENSION_HOST_JSON_N_MEMBERS)
    return scan_value (scanner, value);

  if (self->members[member].length > 0)
    self->has_duplicates = TRUE;

  return scan_span (scanner, value, text, &self->members[member]);
}

/* Behind the bracket. Elsewhere enter () and leave () do this. */
static const char *
scan_outermost (Scanner               *scanner,
                const char            *p,
                const char            *text,
                ExtensionHostJsonScan *self)
{
  gboolean is_object = self->document == EXTENSION_HOST_JSON_OBJECT;
  gboolean all_objects = TRUE;
  char c = ',';

  p = skip_space (scanner, p);
  if (peek (scanner, p) == (is_object ? '}' : ']'))
    return p + 1;

  while (c == ',')
    {
      all_objects = all_objects && peek (scanner, p) == '{';
      p = is_object ? scan_member (scanner, p, text, self) : scan_value (scanner, p);
      if (p == NULL)
        return NULL;

      p = skip_space (scanner, p);
      c = peek (scanner, p);
      if (c == ',')
        p = skip_space (scanner, p + 1);
    }

  if (c != (is_object ? '}' : ']'))
    return fail (scanner, p);
  if (!is_object && all_objects)
    self->document = EXTENSION_HOST_JSON_ARRAY_OF_OBJECTS;

  return p + 1;
}

static const char *
scan_document (Scanner               *scanner,
               const char            *p,
               const char            *text,
               ExtensionHostJsonScan *self)
{
  char c = peek (scanner, p);

  if (c != '{' && c != '[')
    return scan_value (scanner, p);

  self->document = c == '{' ? EXTENSION_HOST_JSON_OBJECT : EXTENSION_HOST_JSON_ARRAY;
  scanner->n_values = 1;
  scanner->depth = 1;

  return scan_outermost (scanner, p + 1, text, self);
}

/* Returns whether the verdict is EXTENSION_HOST_JSON_VALID. */
gboolean
extension_host_json_scan (ExtensionHostJsonScan *self,
                          const char            *text,
                          gsize                  length)
{
  Scanner scanner = { .verdict = EXTENSION_HOST_JSON_NOT_JSON };
  const char *start = NULL;
  const char *p = NULL;

  if (length == 0)
    text = "";   /* empty bytes come as NULL */

  scanner.end = text + length;
  start = skip_space (&scanner, text);
  *self = (ExtensionHostJsonScan) { .document = EXTENSION_HOST_JSON_OTHER };
  p = scan_document (&scanner, start, text, self);
  if (p == NULL)
    {
      self->verdict = scanner.verdict;
      self->error_offset = scanner.error - text;
      return FALSE;
    }

  self->whole = make_span (&scanner, start - text, p - start);
  p = skip_space (&scanner, p);
  self->error_offset = p - text;
  self->verdict = p == scanner.end ? EXTENSION_HOST_JSON_VALID : EXTENSION_HOST_JSON_TRAILING;

  return self->verdict == EXTENSION_HOST_JSON_VALID;
}
