/* mcdrop plot: figures of saved results, drawn by gnuplot. */
#include "core/base/error.h"
#include "core/base/host.h"
#include "core/base/number.h"
#include "core/cli/command.h"
#include "core/cli/log.h"
#include "core/cli/open.h"
#include "core/cli/options.h"
#include "core/figure/figure.h"

#include <stdlib.h>
#include <unistd.h>

enum {
    KEY_DATA = MCD_OPTION_OWN,
    KEY_ROWS,
    KEY_CAPTIONS,
    KEY_CLASSES,
    KEY_Y,
    KEY_FORMAT,
    MOST_FILES = 200
};

/* What a figure can be given, beside --out. */
enum {
    DATA = 1,
    ROWS = 2,
    CAPTIONS = 4,
    CLASSES = 8,
    Y_RANGE = 16,
    GRID = 32,
    FILES = 64,    /* any number of LABEL=FILE */
    ONE_FILE = 128 /* a FILE */
};

struct plot;

struct figure {
    const char *name;
    int takes;
    int (*draw)(const struct plot *, struct mcd_drawing *, struct mcd_error *);
};

struct plot {
    struct mcd_options options; /* first: the shared groups' parsers see it */
    const struct figure *figure;
    const char *data, *captions, *classes;
    struct mcd_extent y;
    int given; /* which of the above */
    int as_json;
    size_t files;
    struct mcd_labelled file[MOST_FILES];
};

/* ---- the figures ------------------------------------------------------------------------- */

static int draw_digits(const struct plot *p, struct mcd_drawing *d, struct mcd_error *e)
{
    struct mcd_digits_request r = {.data = p->data,
                                   .file = p->files ? p->file[0].file : NULL,
                                   .captions = p->captions,
                                   .rows = p->options.rows};
    if (!r.data == !r.file)
        return mcd_fail(e, MCD_INVALID, "--data", "expected a data set or a file of images");
    if (r.data && r.captions)
        return mcd_fail(e, MCD_INVALID, "--captions", "a data set has its labels");
    return mcd_figure_digits(d, p->options.out, &r, e);
}

static int draw_errors(const struct plot *p, struct mcd_drawing *d, struct mcd_error *e)
{
    return mcd_figure_errors(d, p->options.out, p->file, p->files, p->y, e);
}

static int draw_reliability(const struct plot *p, struct mcd_drawing *d, struct mcd_error *e)
{
    return mcd_figure_reliability(d, p->options.out, p->file, p->files, e);
}

static int draw_samples(const struct plot *p, struct mcd_drawing *d, struct mcd_error *e)
{
    struct mcd_samples_request r = {
        .file = p->file[0].file, .classes = p->classes, .rows = p->options.rows};
    return mcd_figure_samples(d, p->options.out, &r, e);
}

static int draw_series(const struct plot *p, struct mcd_drawing *d, struct mcd_error *e)
{
    return mcd_figure_series(d, p->options.out, p->data ? p->data : "co2", e);
}

/* Without --grid: the inputs of the tutorial. */
static int draw_bands(const struct plot *p, struct mcd_drawing *d, struct mcd_error *e)
{
    static const struct mcd_range usual = {-1.72, 0.01, 523};
    const struct mcd_range *grid = p->options.grid.count ? &p->options.grid : &usual;
    struct mcd_bands_request r = {.from = p->file,
                                  .files = p->files,
                                  .first = grid->first,
                                  .step = grid->step,
                                  .points = grid->count,
                                  .data = p->data ? p->data : "co2",
                                  .y = p->y};
    return mcd_figure_bands(d, p->options.out, &r, e);
}

static int draw_chains(const struct plot *p, struct mcd_drawing *d, struct mcd_error *e)
{
    struct mcd_host *host = mcd_host_create(1, mcd_log_sink_stderr, NULL, e);
    int status = host ? mcd_figure_chains(host, d, p->options.out, p->file[0].file, e) : e->code;
    mcd_host_destroy(host);
    return status;
}

static const struct figure figures[] = {
    {"bands", FILES | GRID | DATA | Y_RANGE, draw_bands},
    {"chains", ONE_FILE, draw_chains},
    {"digits", DATA | ROWS | CAPTIONS | ONE_FILE, draw_digits},
    {"errors", FILES | Y_RANGE, draw_errors},
    {"reliability", FILES, draw_reliability},
    {"samples", CLASSES | ROWS | ONE_FILE, draw_samples},
    {"series", DATA, draw_series},
};

enum { FIGURES = sizeof figures / sizeof *figures };

/* ---- what the user says ------------------------------------------------------------------ */

static void choose(struct argp_state *state, struct plot *p, const char *name)
{
    char names[200];
    size_t n = 0;
    for (size_t i = 0; i < FIGURES && !p->figure; i++) {
        if (strcmp(figures[i].name, name) == 0)
            p->figure = &figures[i];
        n += (size_t)snprintf(names + n, sizeof names - n, "%s%s",
                              i == 0            ? ""
                              : i + 1 < FIGURES ? ", "
                                                : " or ",
                              figures[i].name);
    }
    if (!p->figure)
        argp_error(state, "'%s': expected a figure: %s", name, names);
}

/*
 * Labels and names of files may both have equals signs: the first one with a file behind it counts,
 * else the first. Without any the file is its own label.
 */
static void add_file(struct argp_state *state, struct plot *p, char *arg)
{
    if (p->files == MOST_FILES)
        argp_error(state, "%s: expected at most %d files", arg, (int)MOST_FILES);
    char *equals = strchr(arg, '=');
    for (char *at = equals; at && access(arg, F_OK) != 0; at = strchr(at + 1, '='))
        if (access(at + 1, F_OK) == 0) {
            equals = at;
            break;
        }
    if (p->figure && p->figure->takes & ONE_FILE)
        equals = NULL;
    if (equals && access(arg, F_OK) == 0)
        equals = NULL;
    if (equals)
        *equals = '\0';
    p->file[p->files++] = (struct mcd_labelled){arg, equals ? equals + 1 : arg};
}

static struct mcd_extent parse_extent(struct argp_state *state, const char *arg)
{
    struct mcd_extent y = {0, 0};
    char text[100], *rest = text;
    snprintf(text, sizeof text, "%s", arg);
    const char *lo = strsep(&rest, ":");
    if (!rest || mcd_number_real(lo, &y.lo) != MCD_NUMBER_OK ||
        mcd_number_real(rest, &y.hi) != MCD_NUMBER_OK || !isfinite(y.lo) || !isfinite(y.hi) ||
        !(y.lo < y.hi))
        argp_error(state, "--y: '%s': expected LOW:HIGH, two numbers", arg);
    return y;
}

/* Everything that was given must be of use to the figure. */
static void check(struct argp_state *state, const struct plot *p)
{
    static const char *const names[] = {"--data",    "--rows", "--captions",
                                        "--classes", "--y",    "--grid"};
    if (!p->figure)
        argp_error(state, "expected a figure, such as errors");
    int takes = p->figure->takes;
    for (int i = 0; i < 6; i++)
        if (p->given & ~takes & 1 << i)
            argp_error(state, "%s is no option of the figure %s", names[i], p->figure->name);
    if (!p->options.out || strcmp(p->options.out, "-") == 0)
        argp_error(state, "--out must be given: the figure's files without their ending");
    if (p->files > 0 && !(takes & (FILES | ONE_FILE)))
        argp_error(state, "%s: no file is expected", p->file[0].file);
    if (p->files > 1 && takes & ONE_FILE)
        argp_error(state, "%s: one file is expected", p->file[1].file);
    if (p->files == 0 && (takes & FILES || (takes & ONE_FILE && !(takes & DATA))))
        argp_error(state, "expected %s", takes & FILES ? "LABEL=FILE" : "a file");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct plot *p = state->input;
    switch (key) {
    case KEY_DATA:
        p->data = arg;
        p->given |= DATA;
        return 0;
    case KEY_ROWS:
        p->options.rows = mcd_option_int(state, "rows", arg, 1, INT32_MAX);
        p->given |= ROWS;
        return 0;
    case KEY_CAPTIONS:
        p->captions = arg;
        p->given |= CAPTIONS;
        return 0;
    case KEY_CLASSES:
        p->classes = arg;
        p->given |= CLASSES;
        return 0;
    case KEY_Y:
        p->y = parse_extent(state, arg);
        p->given |= Y_RANGE;
        return 0;
    case KEY_FORMAT:
        if (strcmp(arg, "text") != 0 && strcmp(arg, "json") != 0)
            argp_error(state, "--format: '%s': expected text or json", arg);
        p->as_json = arg[0] == 'j';
        return 0;
    case ARGP_KEY_ARG:
        p->figure ? add_file(state, p, arg) : choose(state, p, arg);
        return 0;
    case ARGP_KEY_END:
        p->given |= p->options.grid.count ? GRID : 0;
        check(state, p);
        return 0;
    default:
        return mcd_options_only(key, arg, state);
    }
}

/* ---- running ----------------------------------------------------------------------------- */

static json_t *as_json(const struct plot *p, const struct mcd_drawing *d)
{
    json_t *object = json_object(), *files = json_array();
    int failed = json_object_set_new(object, "figure", json_string(p->figure->name));
    for (size_t i = 0; i < d->files; i++)
        failed |= json_array_append_new(files, json_string(d->file[i]));
    failed |= json_object_set_new(object, "files", files);
    if (d->missing[0])
        failed |= json_object_set_new(object, "missing", json_string(d->missing));
    if (!failed)
        return object;
    json_decref(object);
    return NULL;
}

/* The names of the files, for whoever called. */
static int print(const struct plot *p, const struct mcd_drawing *d, struct mcd_error *e)
{
    if (!p->as_json) {
        for (size_t i = 0; i < d->files; i++)
            puts(d->file[i]);
        return MCD_OK;
    }
    json_t *json = as_json(p, d);
    if (!json)
        return mcd_fail(e, MCD_NOMEM, "plot", "no memory for the names of the files as JSON");
    int status = mcd_json_print(json, stdout, e);
    json_decref(json);
    return status;
}

static int run(const struct plot *p)
{
    struct mcd_drawing d = {0};
    struct mcd_error e = {0};
    int status = p->figure->draw(p, &d, &e);
    if (!status && d.missing[0])
        mcd_log(MCD_LOG_WARNING, "%s", d.missing);
    if (!status)
        status = print(p, &d, &e);
    mcd_drawing_clear(&d);
    if (status && strncmp(e.where, "--", 2) == 0)
        return mcd_report_option(&e);
    return status ? mcd_report(&e) : MCD_EXIT_OK;
}

static const char doc[] =
    "Draws a figure of saved results with gnuplot: OUT.svg and OUT.png, and beside them the data "
    "OUT.dat and the script OUT.gp, with which gnuplot draws them anew. Prints the names of the "
    "files.\v"
    "Figures:\n"
    "  bands        predictions of a regression over a grid, a panel each, from\n"
    "               LABEL=FILE of predict; those of --deterministic have no band\n"
    "  chains       how the chains of a posterior went, from a FILE of weights that\n"
    "               holds its draws\n"
    "  digits       images with their labels, of --data, or of an array FILE\n"
    "  errors       test errors against epoch, from LABEL=FILE of history.csv; runs\n"
    "               of one label are drawn as their median and range\n"
    "  reliability  accuracy against confidence, from LABEL=FILE of evaluate\n"
    "  samples      softmax input and output of each pass, from a FILE of\n"
    "               --keep-samples\n"
    "  series       the CO2 series\n\n"
    "bands and reliability read what predict and evaluate print with --format json.\n\n"
    "Examples:\n"
    "  mcdrop plot errors --out figure2 \"no dropout=a/history.csv\" b/history.csv\n"
    "  mcdrop plot bands --out figure7 \"relu=relu.json\" \"tanh=tanh.json\"\n\n"
    "Without gnuplot the data and the script are written, and a warning says so. The environment "
    "variable MCDROP_GNUPLOT may name the program.";

int mcd_cmd_plot(int argc, char **argv)
{
    static const struct argp_child children[] = {{&mcd_options_out, 0, NULL, 2},
                                                 {&mcd_options_grid, 0, NULL, 1},
                                                 {&mcd_options_common, 0, NULL, -1},
                                                 {0}};
    static const struct argp_option own[] = {
        {"data", KEY_DATA, "NAME|DIR|FILE", 0,
         "digits: the data set, of which training images are shown; series and bands: co2, which "
         "is the default, or a file like it",
         1},
        {"rows", KEY_ROWS, "N", 0, "digits and samples: the first N images only", 1},
        {"captions", KEY_CAPTIONS, "LIST", 0,
         "digits: what stands above the images of an array, separated by commas", 1},
        {"classes", KEY_CLASSES, "LIST", 0,
         "samples: which classes, separated by commas (default: the three likeliest)", 1},
        {"y", KEY_Y, "LOW:HIGH", 0,
         "errors and bands: range of the vertical axis (bands: -20:20 by default)", 1},
        {"format", KEY_FORMAT, "text|json", 0, "How the names of the files are printed", 2},
        {0}};
    static const struct argp argp = {.options = own,
                                     .parser = parse,
                                     .args_doc = "FIGURE [LABEL=FILE...]",
                                     .doc = doc,
                                     .children = children};
    struct plot *p = calloc(1, sizeof *p);
    if (!p)
        return MCD_EXIT_FAILURE;
    p->options = (struct mcd_options)MCD_OPTIONS;
    argp_parse(&argp, argc, argv, 0, NULL, p);
    int status = run(p);
    free(p);
    return status;
}
