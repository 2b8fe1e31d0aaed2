/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench-client.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HEAD "{\"" BENCH_MEMBER "\":\""
#define TAIL "\"}"
#define BATCH 64        /* answers between two looks at the clock, which costs as much as an answer */
#define AT_LEAST 5      /* answers, however slow */

static double
read_clock (clockid_t clock)
{
  struct timespec now;

  clock_gettime (clock, &now);

  return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

static void
make_params (Bench *bench)
{
  size_t length = bench->options.size - strlen (HEAD TAIL);

  bench->text = malloc (length + 1);
  bench->params = malloc (bench->options.size + 1);
  for (size_t i = 0; i < length; i++)
    bench->text[i] = 'a' + i % 26;
  bench->text[length] = '\0';
  sprintf (bench->params, HEAD "%s" TAIL, bench->text);
}

static void
usage (const char *program)
{
  fprintf (stderr,
           "Usage: %s --host=PATH [--api=NAME] [--size=BYTES] [--in-flight=N] [--seconds=S]\n"
           "       [--warm-up=S] [--count=N] [--idle-hosts=N] [--pending=N]\n", program);
  exit (2);
}

static void
parse (BenchOptions *options,
       int           argc,
       char        **argv)
{
  static const struct option known[] = {
    { "host", required_argument, NULL, 'h' },
    { "api", required_argument, NULL, 'a' },
    { "size", required_argument, NULL, 's' },
    { "in-flight", required_argument, NULL, 'f' },
    { "seconds", required_argument, NULL, 't' },
    { "warm-up", required_argument, NULL, 'w' },
    { "count", required_argument, NULL, 'n' },
    { "idle-hosts", required_argument, NULL, 'i' },
    { "pending", required_argument, NULL, 'p' },
    { NULL }
  };
  int option;

  while ((option = getopt_long (argc, argv, "", known, NULL)) != -1)
    switch (option)
      {
      case 'h': options->host = optarg; break;
      case 'a': options->api = optarg; break;
      case 's': options->size = strtoul (optarg, NULL, 10); break;
      case 'f': options->in_flight = strtoul (optarg, NULL, 10); break;
      case 't': options->seconds = atof (optarg); break;
      case 'w': options->warm_up = atof (optarg); break;
      case 'n': options->count = strtoull (optarg, NULL, 10); break;
      case 'i': options->idle_hosts = strtoul (optarg, NULL, 10); break;
      case 'p': options->pending = strtoul (optarg, NULL, 10); break;
      default: usage (argv[0]);
      }

  if (optind < argc || options->host == NULL || options->in_flight < 1 ||
      options->size <= strlen (HEAD TAIL))
    usage (argv[0]);
}

void
bench_init (Bench  *bench,
            int     argc,
            char  **argv)
{
  *bench = (Bench) { .options = { .size = 50, .in_flight = 1, .seconds = 1 } };
  parse (&bench->options, argc, argv);
  signal (SIGPIPE, SIG_IGN);   /* the host may be ended in the middle of what is in flight */
  bench->options.pipelined = bench->options.in_flight > 1;
  make_params (bench);
}

void
bench_begin (Bench *bench)
{
  bench->began = bench->last = read_clock (CLOCK_MONOTONIC);
  bench->left_in_batch = bench->options.pipelined ? BATCH : 1;
}

static void
add_sample (Bench  *bench,
            double  sample)
{
  if (bench->n_samples == bench->room)
    {
      bench->room = bench->room > 0 ? 2 * bench->room : 65536;
      bench->samples = realloc (bench->samples, bench->room * sizeof *bench->samples);
    }

  bench->samples[bench->n_samples++] = sample;
}

/* All that is done once is done, and the pipeline has been through once. */
static bool
has_warmed_up (const Bench *bench,
               double       now)
{
  return bench->n >= bench->options.in_flight + AT_LEAST &&
         now - bench->began >= bench->options.warm_up * 1e6;
}

static bool
is_enough (const Bench *bench,
           double       now)
{
  if (bench->options.count > 0 && bench->n >= bench->options.count)
    return true;

  return bench->n >= AT_LEAST && now - bench->began >= bench->options.seconds * 1e6;
}

static void
start_over (Bench  *bench,
            double  now)
{
  bench->is_warm = true;
  bench->n = 0;
  bench->began = bench->last = now;
  bench->cpu_began = read_clock (CLOCK_PROCESS_CPUTIME_ID);
}

static void
finish (Bench  *bench,
        double  now)
{
  bench->elapsed = now - bench->began;
  bench->cpu = read_clock (CLOCK_PROCESS_CPUTIME_ID) - bench->cpu_began;
}

bool
bench_answered (Bench *bench)
{
  double now;

  bench->n++;
  if (--bench->left_in_batch > 0)
    return true;

  now = read_clock (CLOCK_MONOTONIC);
  /* Slow ones are looked at each time: a batch of them would take seconds. */
  bench->left_in_batch = bench->options.pipelined && bench->options.size < 1024 * 16 ? BATCH : 1;

  if (!bench->is_warm)
    {
      if (has_warmed_up (bench, now))
        start_over (bench, now);
      else
        bench->last = now;
      return true;
    }

  if (!bench->options.pipelined)
    add_sample (bench, now - bench->last);
  bench->last = now;
  if (!is_enough (bench, now))
    return true;

  finish (bench, now);

  return false;
}

void
bench_fail (const char *why)
{
  fprintf (stderr, "%s: %s\n", program_invocation_short_name, why);
  exit (1);
}

static int
compare_samples (const void *a,
                 const void *b)
{
  float difference = *(const float *) a - *(const float *) b;

  return difference < 0 ? -1 : difference > 0;
}

static double
get_quantile (const Bench *bench,
              double       part)
{
  return bench->samples[(size_t) (part * (bench->n_samples - 1) + 0.5)];
}

/* What a line is about; the value follows. */
static void
print_head (const Bench *bench,
            const char  *measure,
            const char  *client)
{
  printf ("{\"measure\":\"%s\",\"size\":%zu,\"client\":\"%s\",\"in_flight\":%u,", measure,
          bench->options.size, client, bench->options.in_flight);
  if (bench->options.idle_hosts > 0)
    printf ("\"idle_hosts\":%u,", bench->options.idle_hosts);
  if (bench->options.pending > 0)
    printf ("\"pending\":%u,", bench->options.pending);
}

void
bench_report (Bench      *bench,
              const char *client)
{
  unsigned long long n = bench->n;

  if (bench->options.pipelined)
    {
      print_head (bench, "throughput", client);
      printf ("\"unit\":\"messages/s\",\"value\":%.2f,\"n\":%llu}\n", n / bench->elapsed * 1e6, n);
    }
  else
    {
      qsort (bench->samples, bench->n_samples, sizeof *bench->samples, compare_samples);
      print_head (bench, "round-trip", client);
      printf ("\"unit\":\"us\",\"p50\":%.3f,\"p99\":%.3f,\"n\":%llu}\n", get_quantile (bench, 0.5),
              get_quantile (bench, 0.99), n);
    }

  print_head (bench, "cpu", client);
  printf ("\"unit\":\"us/message\",\"value\":%.4f,\"n\":%llu}\n", bench->cpu / n, n);
  fflush (stdout);
}

void
bench_clear (Bench *bench)
{
  free (bench->params);
  free (bench->text);
  free (bench->samples);
}
