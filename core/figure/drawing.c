/* Files of a figure: how they are named, begun, ended and drawn. */
#include "core/figure/drawing.h"

#include "core/base/error.h"
#include "core/base/number.h"
#include "core/figure/gnuplot.h"
#include "core/figure/label.h"
#include "core/figure/svg.h"
#include "core/io/place.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Wong, Nature Methods 8 (2011): eight colours that colour-blind readers tell apart; no black. */
static const char style[] =
    "ink = '" MCD_INK "'\n"
    "faint = '#dc222222'\n"
    "colours = '#0072b2 #d55e00 #009e73 #cc79a7 #e69f00 #56b4e9'\n"
    "colour(i) = word(colours, (int(i) - 1) % 6 + 1)\n"
    "set border 3 linecolor rgb ink linewidth 0.8\n"
    "set tics out nomirror scale 0.6 textcolor rgb ink\n"
    "set grid linetype 1 linecolor rgb faint linewidth 1, linetype 1 linecolor rgb faint\n"
    "set key textcolor rgb ink samplen 1.6 spacing 1.15\n"
    "set title textcolor rgb ink\n"
    "set xlabel textcolor rgb ink offset 0, 0.3\n"
    "set ylabel textcolor rgb ink\n"
    "set style fill noborder\n";

/* The name without its folders. */
static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void keep(struct mcd_drawing *d, int status)
{
    if (!d->status)
        d->status = status;
}

/* OUT and an ending; NULL for lack of memory, which is kept. */
static char *path_of(struct mcd_drawing *d, const char *name, const char *ending)
{
    size_t room = strlen(d->out) + strlen(name) + strlen(ending) + 2;
    char *path = malloc(room);
    if (path)
        snprintf(path, room, "%s%s%s%s", d->out, *name ? "-" : "", name, ending);
    else
        keep(d, mcd_fail(&d->error, MCD_NOMEM, mcd_place_file(d->out).text, "no memory"));
    return path;
}

/* Opens OUT-NAME.ENDING and remembers its name. */
static void begin(struct mcd_drawing *d, struct mcd_output *o, const char *name, const char *ending)
{
    if (d->status)
        return;
    if (d->files == MCD_DRAWING_FILES) {
        keep(d, mcd_fail(&d->error, MCD_INVALID, d->out, "too many files"));
        return;
    }
    char *path = path_of(d, name, ending);
    if (!path)
        return;
    d->file[d->files++] = path;
    keep(d, mcd_output_open(o, path, &d->error));
}

/* With "./" no name means a pipe, a home folder or an option to gnuplot. */
static void say_name(struct mcd_drawing *d, const char *variable, const char *path)
{
    char name[600];
    snprintf(name, sizeof name, "./%.500s", base_of(path));
    mcd_drawing_say(d, "%s = %s\n", variable, mcd_label_quote(name).text);
}

static void say_picture(struct mcd_drawing *d, const char *kind)
{
    char ending[8];
    snprintf(ending, sizeof ending, ".%s", kind);
    char *path = path_of(d, "", ending);
    if (!path)
        return;
    mcd_drawing_say(d, "if (!exists('%s')) ", kind);
    say_name(d, kind, path);
    free(path);
}

void mcd_drawing_open(struct mcd_drawing *d, const char *out, const char *title, int width,
                      int height)
{
    *d = (struct mcd_drawing){.out = out, .title = title, .width = width, .height = height};
    const char *base = base_of(out);
    if (!*base || strcmp(base, ".") == 0 || strcmp(base, "..") == 0)
        keep(d, mcd_fail(&d->error, MCD_INVALID, "--out",
                         "'%s': expected the figure's files without their ending",
                         mcd_show_text(out).text));
    begin(d, &d->script, "", ".gp");
    mcd_drawing_say(d, "# A figure by mcdrop. gnuplot, run in this folder with this file, draws "
                       "it; change what you like.\n"
                       "set encoding utf8\n"
                       "set minussign\n");
    say_picture(d, "svg");
    say_picture(d, "png");
    mcd_drawing_say(d, "%s", style);
}

static void finish_data(struct mcd_drawing *d)
{
    if (!d->data.stream)
        return;
    if (d->status)
        mcd_output_abort(&d->data);
    else
        keep(d, mcd_output_commit(&d->data, &d->error));
}

void mcd_drawing_data(struct mcd_drawing *d, const char *name)
{
    char variable[40];
    finish_data(d);
    begin(d, &d->data, name ? name : "", ".dat");
    if (d->status)
        return;
    snprintf(variable, sizeof variable, "data%s%.30s", name ? "_" : "", name ? name : "");
    say_name(d, variable, d->file[d->files - 1]);
}

/* In pieces of any length; a failing stream is noticed when it is closed. */
__attribute__((format(printf, 3, 0))) static void print(struct mcd_drawing *d, FILE *stream,
                                                        const char *format, va_list args)
{
    char text[4096];
    if (d->status || !stream)
        return;
    int length = mcd_number_format(text, sizeof text, format, args);
    if (length < 0 || length >= (int)sizeof text)
        keep(d, mcd_fail(&d->error, MCD_INVALID, mcd_place_file(d->out).text,
                         "a line is too long to be written"));
    else
        fwrite(text, 1, (size_t)length, stream);
}

void mcd_drawing_put(struct mcd_drawing *d, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print(d, d->data.stream, format, args);
    va_end(args);
}

void mcd_drawing_say(struct mcd_drawing *d, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print(d, d->script.stream, format, args);
    va_end(args);
}

/* The PNG's points are CSS pixels at twice the resolution, so that both pictures look the same. */
void mcd_drawing_begin(struct mcd_drawing *d)
{
    mcd_drawing_say(
        d,
        "do for [picture in 'svg png'] {\n"
        "if (picture eq 'svg') {\n"
        "    set terminal svg size %d,%d font 'sans-serif,13' background rgb 'white' noenhanced\n"
        "    set output svg\n"
        "} else {\n"
        "    set terminal pngcairo size %d,%d font 'sans-serif,%s' fontscale 2 linewidth 2 "
        "pointscale 2 background rgb 'white' noenhanced\n"
        "    set output png\n"
        "}\n",
        d->width, d->height, 2 * d->width, 2 * d->height, "9.75");
}

void mcd_drawing_place(struct mcd_drawing *d, double left, double top, double width, double height)
{
    mcd_drawing_say(d,
                    "set lmargin at screen %.4f\nset rmargin at screen %.4f\n"
                    "set tmargin at screen %.4f\nset bmargin at screen %.4f\n",
                    left / d->width, (left + width) / d->width, 1 - top / d->height,
                    1 - (top + height) / d->height);
}

/* ---- pictures ---------------------------------------------------------------------------- */

/* What gnuplot drew, adapted if it is an SVG, under its own name. */
static int take_picture(struct mcd_drawing *d, const char *from, const char *ending,
                        struct mcd_error *e)
{
    struct mcd_bytes b = {0};
    struct mcd_output o = {0};
    int status = mcd_file_read(from, MCD_FILE_LIMIT, &b, e);
    char *text = NULL;
    size_t size = b.size;
    if (!status && strcmp(ending, ".svg") == 0 &&
        !(text = mcd_svg_adapt((char *)b.data, b.size, base_of(d->out), d->title, &size, e)))
        status = e->code;
    if (!status) {
        begin(d, &o, "", ending);
        status = d->status;
    }
    if (!status)
        status = mcd_output_write(&o, text ? text : (char *)b.data, size, e);
    if (!status)
        status = mcd_output_commit(&o, e);
    mcd_output_abort(&o);
    free(text);
    mcd_bytes_clear(&b);
    return status;
}

/* gnuplot in the figure's folder, its pictures in a folder of their own. */
static int draw_into(struct mcd_drawing *d, const char *room, struct mcd_error *e)
{
    char svg[300], png[300], settings[700], script[300];
    char *folder = strdup(d->out);
    int missing = 0;
    if (!folder)
        return mcd_fail(e, MCD_NOMEM, mcd_place_file(d->out).text, "no memory");
    char *slash = strrchr(folder, '/');
    slash ? (void)(slash[slash == folder] = '\0') : (void)0;
    snprintf(svg, sizeof svg, "%s/svg", room);
    snprintf(png, sizeof png, "%s/png", room);
    snprintf(script, sizeof script, "./%.280s.gp", base_of(d->out));
    snprintf(settings, sizeof settings, "svg = '%s'; png = '%s'", svg, png);
    int status =
        mcd_gnuplot_run(slash ? folder : ".", settings, script, MCD_GNUPLOT_SECONDS, &missing, e);
    free(folder);
    if (missing)
        snprintf(d->missing, sizeof d->missing,
                 "%.80s was not found: the data and the script are there, the pictures are not; "
                 "install gnuplot (Debian: gnuplot-nox)",
                 mcd_gnuplot_program());
    if (!status && !missing)
        status = take_picture(d, svg, ".svg", e);
    if (!status && !missing)
        status = take_picture(d, png, ".png", e);
    unlink(svg);
    unlink(png);
    return status;
}

static int draw(struct mcd_drawing *d, struct mcd_error *e)
{
    const char *tmp = getenv("TMPDIR");
    char room[200];
    if (!tmp || !*tmp || strlen(tmp) > 150 || strchr(tmp, '\'') || strchr(tmp, '\n'))
        tmp = "/tmp";
    snprintf(room, sizeof room, "%s/mcdrop-XXXXXX", tmp);
    if (!mkdtemp(room))
        return mcd_fail(e, MCD_IO, room, "cannot be created: %s", strerror(errno));
    int status = draw_into(d, room, e);
    rmdir(room);
    return status;
}

int mcd_drawing_finish(struct mcd_drawing *d, struct mcd_error *e)
{
    mcd_drawing_say(d, "unset output\n}\n");
    finish_data(d);
    if (!d->status)
        keep(d, mcd_output_commit(&d->script, &d->error));
    if (!d->status)
        keep(d, draw(d, &d->error));
    if (d->status && e && e->code == MCD_OK)
        *e = d->error;
    return d->status;
}

void mcd_drawing_clear(struct mcd_drawing *d)
{
    mcd_output_abort(&d->data);
    mcd_output_abort(&d->script);
    for (size_t i = 0; i < d->files; i++)
        free(d->file[i]);
    *d = (struct mcd_drawing){0};
}
