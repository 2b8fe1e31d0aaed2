/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <extension-host.h>

G_BEGIN_DECLS

/* What the benchmarks of supervision have in common. Each measurement is one line of its own, a JSON
 * object with the members “measure” and “client”; the others say under which circumstances it was taken,
 * and what came out. */

/* Lines: begun, filled in, and ended. One that was not measured has a “reason” instead of figures. */
void    bench_line_begin       (const char         *measure,
                                const char         *client);
void    bench_line_text        (const char         *name,
                                const char         *value);
void    bench_line_number      (const char         *name,
                                double              value);
void    bench_line_samples     (const char         *unit,
                                GArray             *samples);
void    bench_line_end         (void);

/* Samples, and parts of them: 0.5 is the median */
GArray *bench_samples_new      (void);
void    bench_samples_add      (GArray             *samples,
                                double              sample);
double  bench_samples_quantile (GArray             *samples,
                                double              part);

double  bench_now_us           (void);   /* monotonic */

/* Hosts */
const char *bench_host         (void);
ExtensionHostSpec *bench_spec  (const char         *id,
                                const char         *option);
void    bench_wait_state       (GPtrArray          *hosts,
                                ExtensionHostState  state);
void    bench_kill_all         (GPtrArray          *hosts);
void    bench_raise_fd_limit   (void);

/* Runs the main loop until @is_done, and gives up after a minute. */
void    bench_wait             (gboolean          (*is_done) (gpointer data),
                                gpointer            data);
void    bench_run_for          (guint               ms);

G_END_DECLS
