/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Limits of time, on a machine that others use as well. What is not late by itself can be made late by
 * the machine: for a second or two it may not let run who could. So a test that was late is run again,
 * and fails when it was late each time; whatever else is wrong fails it at once. */

#define TIMED_ATTEMPTS 6

#define timed_assert_less(took, limit)                                                        \
  G_STMT_START {                                                                              \
    double took_ = (double) (took);                                                           \
                                                                                              \
    if (!(took_ < (double) (limit)))                                                          \
      timed_is_late (G_STRLOC, #took " < " #limit, took_);                                    \
  } G_STMT_END

void     timed_is_late (const char *where,
                        const char *limit,
                        double      took);

/* After an attempt: whether there has to be another. */
gboolean timed_again   (void);

/* Tests without a fixture. With one there is test_add_timed (). */
void     timed_add_func      (const char    *path,
                              GTestFunc      function);
void     timed_add_data_func (const char    *path,
                              gconstpointer  data,
                              GTestDataFunc  function);

G_END_DECLS
