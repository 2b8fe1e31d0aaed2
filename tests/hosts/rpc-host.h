/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define HEAD "{\"jsonrpc\":\"2.0\","
#define CHUNK (64 * 1024)

typedef enum
{
  SHUTDOWN_ACK,            /* and leave at the end of the input */
  SHUTDOWN_COOP,           /* and leave 10 ms later */
  SHUTDOWN_LATE_ACK,       /* after 300 ms */
  SHUTDOWN_ACK_THEN_HANG,
  SHUTDOWN_IGNORE,
  SHUTDOWN_REFUSE,
  SHUTDOWN_ERROR,
  SHUTDOWN_EXIT_NO_ACK,
} Shutdown;

typedef struct
{
  const char *header;      /* before each message, with “#” for the length; NULL: one a line */
  bool drip;               /* byte by byte */
  bool tell;               /* all that is heard */
  bool refuse_handshake;
  const char *raw;         /* what the method of that name says */

  Shutdown shutdown;
  const char *shutdown_name;
  bool deaf_to_eof;        /* stays, until it is killed */

  /* Replies */
  bool never_reply, answer_twice, ids_of_others, string_ids, id_last, batch, crlf, bom;
  bool two_documents, reply_then_die, die_with_pending, cancel_notices;
  unsigned long die_after;
  unsigned long deep, huge_reply, big_bytes;
  const char *big_kind;    /* “objects” or “text” */

  /* At once */
  bool garbage, nul_bytes, half_line_then_die, close_stdout, never_read;
  unsigned long deep_line, huge_line, notifications, stdout_bytes, stderr_bytes, requests;
  unsigned long ready_after, batches, wrong_ids;
  const char *notify, *first;
  unsigned long extend;
} Options;

extern Options options;

/* rpc-answer.c: writing */
void          write_all     (int           fd,
                             const char   *data,
                             size_t        length);
void          flush_out     (void);
void          put           (const char   *data,
                             size_t        length);
void          put_text      (const char   *text);
void          put_format    (const char   *format,
                             ...) __attribute__ ((format (printf, 1, 2)));
void          put_repeated  (const char   *text,
                             unsigned long times);
void          end_message   (void);
void          note          (const char   *what,
                             const char   *text);
void          sleep_ms      (unsigned long ms);
void          die           (void);
void          share_count   (const char   *file);

/* Answers */
unsigned long get_answered  (void);
void          put_answer    (const char   *id,
                             const char   *member);
void          answer        (const char   *id,
                             char         *result);
void          ask           (const char   *id,
                             const char   *method,
                             const char   *params);

/* rpc-frame.c: messages and bytes */
char         *make_header   (size_t        length);
void          read_messages (void);

/* rpc-host.c: one of them; it may be changed */
void          take_message  (char         *text);

/* rpc-methods.c */
int           first_number  (const char   *params);
char         *first_string  (char         *params);
void          serve         (const char   *id,
                             const char   *method,
                             char         *params);

/* rpc-health.c: methods, and what a thread does */
void          hang          (const char   *id,
                             char         *params);
void          take_memory   (const char   *id,
                             char         *params);
void          give_memory   (const char   *id,
                             char         *params);
void          make_helper   (const char   *id,
                             char         *params);
void          tell_status   (const char   *id,
                             char         *params);
void          keep_asking_for_time (void);

/* rpc-extensions.c: those of a host of extensions */
bool          serve_extensions (const char *id,
                                const char *method,
                                char       *params);

/* rpc-misbehave.c: what is done before anything is read */
void          misbehave     (void);
