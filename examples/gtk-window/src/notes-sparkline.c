/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "notes-sparkline.h"

/* The last values of something, as a line of the height of a word, in the color of the text. */

#define LENGTH 30
#define WIDTH 64
#define HEIGHT 18
#define LINE_WIDTH 1.5

struct _NotesSparkline
{
  GtkWidget parent_instance;

  double values[LENGTH];   /* a ring */
  guint next;              /* in the ring */
  guint n_values;
};

G_DEFINE_FINAL_TYPE (NotesSparkline, notes_sparkline, GTK_TYPE_WIDGET)

static double
nth_value (NotesSparkline *self,
           guint           n)
{
  return self->values[(self->next + LENGTH - self->n_values + n) % LENGTH];
}

static void
get_range (NotesSparkline *self,
           double         *low,
           double         *high)
{
  *low = G_MAXDOUBLE;
  *high = -G_MAXDOUBLE;
  for (guint i = 0; i < self->n_values; i++)
    {
      *low = MIN (*low, nth_value (self, i));
      *high = MAX (*high, nth_value (self, i));
    }
}

/* The newest value is at the right, and what hardly changes is a line in the middle: a range
 * that is small beside the values is noise. */
static void
trace (NotesSparkline *self,
       cairo_t        *cr,
       double          width,
       double          height)
{
  double low, high, range;

  get_range (self, &low, &high);
  range = MAX (high - low, high / 4);
  for (guint i = 0; i < self->n_values; i++)
    {
      double x = width * (LENGTH - self->n_values + i) / (LENGTH - 1);
      double part = range > 0 ? 0.5 + (nth_value (self, i) - (low + high) / 2) / range : 0.5;

      cairo_line_to (cr, x, LINE_WIDTH + (height - 2 * LINE_WIDTH) * (1 - part));
    }
}

static void
fill_below (cairo_t       *cr,
            const GdkRGBA *color,
            double         width,
            double         height,
            double         left)
{
  cairo_line_to (cr, width, height);
  cairo_line_to (cr, left, height);
  cairo_close_path (cr);
  cairo_set_source_rgba (cr, color->red, color->green, color->blue, 0.15 * color->alpha);
  cairo_fill (cr);
}

static void
notes_sparkline_snapshot (GtkWidget   *widget,
                          GtkSnapshot *snapshot)
{
  NotesSparkline *self = NOTES_SPARKLINE (widget);
  int width = gtk_widget_get_width (widget);
  int height = gtk_widget_get_height (widget);
  GdkRGBA color;
  cairo_t *cr = NULL;

  if (self->n_values < 2)
    return;

  gtk_style_context_get_color (gtk_widget_get_style_context (widget), &color);
  cr = gtk_snapshot_append_cairo (snapshot, &GRAPHENE_RECT_INIT (0, 0, width, height));
  trace (self, cr, width, height);
  fill_below (cr, &color, width, height, (double) width * (LENGTH - self->n_values) / (LENGTH - 1));
  trace (self, cr, width, height);
  gdk_cairo_set_source_rgba (cr, &color);
  cairo_set_line_width (cr, LINE_WIDTH);
  cairo_set_line_join (cr, CAIRO_LINE_JOIN_ROUND);
  cairo_stroke (cr);
  cairo_destroy (cr);
}

static void
notes_sparkline_measure (GtkWidget      *widget G_GNUC_UNUSED,
                         GtkOrientation  orientation,
                         int             for_size G_GNUC_UNUSED,
                         int            *minimum,
                         int            *natural,
                         int            *minimum_baseline G_GNUC_UNUSED,
                         int            *natural_baseline G_GNUC_UNUSED)
{
  *minimum = *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? WIDTH : HEIGHT;
}

static void
notes_sparkline_class_init (NotesSparklineClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  widget_class->snapshot = notes_sparkline_snapshot;
  widget_class->measure = notes_sparkline_measure;
  gtk_widget_class_set_css_name (widget_class, "sparkline");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void
notes_sparkline_init (NotesSparkline *self G_GNUC_UNUSED)
{
}

void
notes_sparkline_add (NotesSparkline *self,
                     double          value)
{
  self->values[self->next] = value;
  self->next = (self->next + 1) % LENGTH;
  self->n_values = MIN (self->n_values + 1, LENGTH);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

void
notes_sparkline_clear (NotesSparkline *self)
{
  self->n_values = 0;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}
