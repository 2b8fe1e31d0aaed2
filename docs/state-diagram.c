/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "extension-host-enum-types.h"
#include "extension-host-state-private.h"

/* Draws the life of a host, as SVG, for the manual.
 *
 * The arrows and what is written at them come from the table of transitions. Where they run stands
 * below, laid out by hand. An arrow of the table without a route, a route without an arrow, and a
 * state without a place are mistakes of this file: it then draws nothing. */

#define WIDTH 1120
#define HEIGHT 600
#define BOX_WIDTH 130
#define BOX_HEIGHT 44
#define LINE_HEIGHT 16

#define S(state) EXTENSION_HOST_STATE_##state

typedef struct
{
  ExtensionHostState state;
  int x;                  /* of the middle */
  int y;
  const char *style;
  gboolean in_frame;      /* one arrow from the frame to "stopping" stands for all of these */
} Place;

static const Place places[] = {
  { S (STOPPED),     95, 240, "rest" },
  { S (STARTING),   470, 240, "busy", .in_frame = TRUE },
  { S (RUNNING),    900, 240, "good", .in_frame = TRUE },
  { S (UNHEALTHY),  900, 440, "poor", .in_frame = TRUE },
  { S (RESTARTING), 470, 440, "busy", .in_frame = TRUE },
  { S (STOPPING),   740,  44, "busy" },
  { S (CRASHED),     95, 560, "dead" },
};

#define FRAME "x='340' y='130' width='760' height='370'"

typedef struct
{
  ExtensionHostState from;
  ExtensionHostState to;
  const char *path;
  int x;                  /* of the label: where its first line begins, is centred, or ends */
  int y;                  /* of its last line */
  const char *anchor;
  guint columns;          /* where its lines are broken */
  const char *note;       /* what the reasons do not say */
} Route;

static const Route routes[] = {
  { S (STOPPED), S (STARTING), "M160,240 H401", 170, 230, "start", 26 },
  { S (CRASHED), S (STARTING), "M125,538 L402,256", 151, 330, "start", 26 },
  { S (STARTING), S (RUNNING), "M535,240 H831", 683, 230, "middle", 40 },
  { S (STARTING), S (CRASHED), "M430,262 L163,541", 346, 382, "start", 16 },
  { S (STARTING), S (UNHEALTHY), "M535,256 L832,424", 626, 292, "start", 26 },
  { S (RUNNING), S (UNHEALTHY), "M900,262 V414", 910, 398, "start", 25 },
  { S (RUNNING), S (STOPPED), "M900,218 V192 Q900,180 888,180 H132 Q120,180 120,192 V214",
    683, 170, "middle", 40, "with status 0, and the policy is “on-failure” or “never”" },
  { S (UNHEALTHY), S (RESTARTING), "M835,440 H539",
    683, 430, "middle", 40, "if policy and budget grant it" },
  { S (UNHEALTHY), S (CRASHED), "M900,462 V548 Q900,560 888,560 H164",
    555, 550, "middle", 80, "once its old processes are gone" },
  { S (RESTARTING), S (STARTING), "M470,418 V266", 480, 352, "start", 15 },
  { S (STOPPING), S (STOPPED), "M675,44 H82 Q70,44 70,56 V214", 372, 34, "middle", 40 },
  { S (CRASHED), S (STOPPED), "M60,538 V266", 70, 424, "start", 21 },
};

static const Route frame_route = {
  .to = S (STOPPING), .path = "M740,130 V70", .x = 752, .y = 114, .anchor = "start",
  .columns = 56, .note = "whichever state of the frame it is in"
};

/* Colours for paper and for the night. The ground is drawn, for viewers that know neither. */
static const char style[] =
  "svg{--ground:#fff;--ink:#24292f;--line:#57606a;--faint:#8c959f;--rest:#eaeef2;--busy:#ddf4ff;\n"
  "--good:#dafbe1;--poor:#fff1c2;--dead:#ffdcd7}\n"
  "@media (prefers-color-scheme:dark){\n"
  "svg{--ground:#1e1e22;--ink:#f0f3f6;--line:#a8b1bb;--faint:#7d8690;--rest:#3a4049;--busy:#123d63;\n"
  "--good:#14532d;--poor:#664a06;--dead:#7a1f1a}}\n"
  ".ground{fill:#fff;fill:var(--ground)}\n"
  "text{font-family:system-ui,'Noto Sans','DejaVu Sans',Arial,sans-serif;fill:#24292f;fill:var(--ink)}\n"
  ".state text{font-size:17px;font-weight:600;text-anchor:middle}\n"
  ".state rect{stroke:#57606a;stroke:var(--line);stroke-width:1.5}\n"
  ".label{font-size:13px;paint-order:stroke;stroke:#fff;stroke:var(--ground);stroke-width:4px;\n"
  "stroke-linejoin:round}\n"
  ".note{font-style:italic}\n"
  ".arrow,.frame{fill:none;stroke:#57606a;stroke:var(--line);stroke-width:1.6}\n"
  ".frame{stroke:#8c959f;stroke:var(--faint);stroke-dasharray:6 5}\n"
  ".head,.first{fill:#57606a;fill:var(--line)}\n"
  ".rest{fill:#eaeef2;fill:var(--rest)}\n"
  ".busy{fill:#ddf4ff;fill:var(--busy)}\n"
  ".good{fill:#dafbe1;fill:var(--good)}\n"
  ".poor{fill:#fff1c2;fill:var(--poor)}\n"
  ".dead{fill:#ffdcd7;fill:var(--dead)}\n";

static const Place *
find_place (ExtensionHostState state)
{
  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    {
      if (places[i].state == state)
        return &places[i];
    }

  g_error ("No place is given for the state “%s”", extension_host_state_to_string (state));
}

static gboolean
leaves_by_frame (const ExtensionHostEdge *edge)
{
  return edge->to == frame_route.to && find_place (edge->from)->in_frame;
}

static const Route *
find_route (const ExtensionHostEdge *edge)
{
  for (guint i = 0; i < G_N_ELEMENTS (routes); i++)
    {
      if (routes[i].from == edge->from && routes[i].to == edge->to)
        return &routes[i];
    }

  g_error ("No route is given from “%s” to “%s”", extension_host_state_to_string (edge->from),
           extension_host_state_to_string (edge->to));
}

/* What the frame says of its states has to be true of each of them. */
static guint32
check_frame (const ExtensionHostEdge *edges,
             guint                    n_edges)
{
  guint32 reasons = 0;
  guint n_leaving = 0;
  guint n_framed = 0;

  for (guint i = 0; i < n_edges; i++)
    {
      if (!leaves_by_frame (&edges[i]))
        continue;

      if (n_leaving++ > 0 && edges[i].reasons != reasons)
        g_error ("The states of the frame are left for different reasons");
      reasons = edges[i].reasons;
    }
  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    n_framed += places[i].in_frame ? 1 : 0;
  if (n_leaving != n_framed)
    g_error ("%u of the %u states of the frame are left by it", n_leaving, n_framed);

  return reasons;
}

static void
check_places (void)
{
  GEnumClass *klass = g_type_class_ref (EXTENSION_HOST_TYPE_STATE);

  for (guint i = 0; i < klass->n_values; i++)
    find_place (klass->values[i].value);
  g_type_class_unref (klass);
}

static void
check_routes (const ExtensionHostEdge *edges,
              guint                    n_edges)
{
  for (guint i = 0; i < G_N_ELEMENTS (routes); i++)
    {
      gboolean found = FALSE;

      for (guint e = 0; e < n_edges && !found; e++)
        found = edges[e].from == routes[i].from && edges[e].to == routes[i].to;
      if (!found)
        g_error ("There is no way from “%s” to “%s”",
                 extension_host_state_to_string (routes[i].from),
                 extension_host_state_to_string (routes[i].to));
    }
}

static void
add_to_lines (GPtrArray  *lines,
              const char *words,
              guint       columns)
{
  char *last = lines->len > 0 ? lines->pdata[lines->len - 1] : NULL;

  if (last == NULL || strlen (last) + 1 + strlen (words) > columns)
    {
      g_ptr_array_add (lines, g_strdup (words));
      return;
    }

  lines->pdata[lines->len - 1] = g_strdup_printf ("%s %s", last, words);
  g_free (last);
}

/* The reasons as people read them, in lines of at most so many characters. A reason is broken only
 * if it is longer than that by itself. */
static GPtrArray *
dup_lines (guint32 reasons,
           guint   columns)
{
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);

  for (guint reason = 0; reasons >> reason != 0; reason++)
    {
      gboolean last = reasons >> reason == 1;
      g_autofree char *label = NULL;
      g_auto(GStrv) words = NULL;

      if ((reasons & (1u << reason)) == 0)
        continue;

      label = g_strconcat (extension_host_reason_get_label (reason), last ? "" : ",", NULL);
      words = g_strsplit (label, strlen (label) > columns ? " " : "\n", -1);
      for (guint i = 0; words[i] != NULL; i++)
        add_to_lines (lines, words[i], columns);
    }

  return g_steal_pointer (&lines);
}

static void
draw_arrow (const Route *route)
{
  printf ("<path class='arrow' marker-end='url(#head)' d='%s'/>\n", route->path);
}

static void
draw_label (const Route *route,
            guint32      reasons)
{
  g_autoptr(GPtrArray) lines = dup_lines (reasons, route->columns);
  int y = route->y - LINE_HEIGHT * ((int) lines->len - 1);

  if (route->note != NULL)
    y -= LINE_HEIGHT;
  for (guint i = 0; i < lines->len; i++, y += LINE_HEIGHT)
    printf ("<text class='label' x='%d' y='%d' text-anchor='%s'>%s</text>\n",
            route->x, y, route->anchor, (const char *) lines->pdata[i]);
  if (route->note != NULL)
    printf ("<text class='label note' x='%d' y='%d' text-anchor='%s'>%s</text>\n",
            route->x, y, route->anchor, route->note);
}

static void
draw_state (const Place *place)
{
  printf ("<g class='state'><rect class='%s' x='%d' y='%d' width='%d' height='%d' rx='10'/>"
          "<text x='%d' y='%d'>%s</text></g>\n",
          place->style, place->x - BOX_WIDTH / 2, place->y - BOX_HEIGHT / 2,
          BOX_WIDTH, BOX_HEIGHT, place->x, place->y + 6,
          extension_host_state_to_string (place->state));
}

static void
draw_ground (void)
{
  printf ("<!-- SPDX-License-Identifier: LGPL-2.1-or-later -->\n"
          "<!-- Printed by docs/state-diagram.c: change that, or the table of transitions -->\n"
          "<svg xmlns='http://www.w3.org/2000/svg' width='%d' height='%d' viewBox='0 0 %d %d' "
          "role='img' aria-labelledby='title'>\n"
          "<title id='title'>The states of an extension host, and what leads from one to another"
          "</title>\n"
          "<style>\n%s</style>\n"
          "<defs><marker id='head' viewBox='0 0 10 10' refX='6' refY='5' markerWidth='7' "
          "markerHeight='7' orient='auto'><path class='head' d='M0,0 L10,5 L0,10 Z'/></marker>"
          "</defs>\n"
          "<rect class='ground' width='%d' height='%d' rx='8'/>\n"
          "<rect class='frame' %s rx='16'/>\n",
          WIDTH, HEIGHT, WIDTH, HEIGHT, style, WIDTH, HEIGHT, FRAME);
  /* Where a new host begins */
  printf ("<circle class='first' cx='9' cy='240' r='5'/>\n"
          "<path class='arrow' marker-end='url(#head)' d='M9,240 H26'/>\n");
}

static void
draw (const ExtensionHostEdge *edges,
      guint                    n_edges,
      guint32                  frame_reasons)
{
  draw_ground ();
  for (guint i = 0; i < n_edges; i++)
    {
      if (!leaves_by_frame (&edges[i]))
        draw_arrow (find_route (&edges[i]));
    }
  draw_arrow (&frame_route);

  for (guint i = 0; i < n_edges; i++)
    {
      if (!leaves_by_frame (&edges[i]))
        draw_label (find_route (&edges[i]), edges[i].reasons);
    }
  draw_label (&frame_route, frame_reasons);

  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    draw_state (&places[i]);
  printf ("</svg>\n");
}

int
main (void)
{
  guint n_edges = 0;
  const ExtensionHostEdge *edges = extension_host_state_get_edges (&n_edges);
  guint32 frame_reasons = 0;

  /* All is looked for before the first byte leaves, so that half a picture is never written. */
  check_places ();
  check_routes (edges, n_edges);
  frame_reasons = check_frame (edges, n_edges);
  for (guint i = 0; i < n_edges; i++)
    {
      if (!leaves_by_frame (&edges[i]))
        find_route (&edges[i]);
    }

  draw (edges, n_edges, frame_reasons);

  return 0;
}
