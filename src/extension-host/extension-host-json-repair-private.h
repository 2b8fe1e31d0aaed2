/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The characters of JSON strings, also those that are none: invalid UTF-8, and the escapes of lone
 * surrogates, which Node writes. The scan notes them (`needs_repair`), and here they become U+FFFD,
 * since json-glib fails at the first and takes the quote behind the second for a part of it.
 *
 * There is no repair for \u0000, noted as `has_nul`: a C string ends at NUL, so json-glib would cut
 * the string without a word, and any other character in its place would be just as false. The copy
 * made here keeps the escape. So a payload that has one must be refused as a JsonNode; as bytes it
 * is passed on as it is. */

/* A copy of valid JSON, ended with a NUL that does not count, with U+FFFD for all that needs
 * repair: for raw bytes one per maximal subpart, as Unicode has it, and \ufffd for an escape. It
 * is at most three times as long, and valid JSON with the same nesting and number of values. */
char     *extension_host_json_repair        (const char *text,
                                             gsize       length,
                                             gsize      *repaired_length);

/* The text of a valid string, given raw and with its quotes. Repaired; \u0000 is U+FFFD too, so
 * this is for people. Where it must not pass for another name, look at `has_nul` first. */
char     *extension_host_json_decode_string (const char *text,
                                             gsize       length);

/* Whether a valid string, raw and with its quotes, says @expected: letters, digits and dots. */
gboolean  extension_host_json_string_equals (const char *text,
                                             gsize       length,
                                             const char *expected);

/* The bytes of one character that is not ASCII, or of that much of it as stands there, which is
 * what becomes one U+FFFD. */
guint     extension_host_json_sequence      (const char *text,
                                             const char *end,
                                             gboolean   *is_valid);

/* The code point of an escape, given from behind its “\u”, and how many bytes say it: 4, or 10 for
 * a pair. A lone surrogate is itself. −1 if there are no four hexadecimal digits. */
int       extension_host_json_code_point    (const char *text,
                                             const char *end,
                                             guint      *n_bytes);

G_END_DECLS
