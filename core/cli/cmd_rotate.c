/* mcdrop rotate: one image of a data set at several angles, as an array to predict. */
#include "core/base/error.h"
#include "core/cli/command.h"
#include "core/cli/log.h"
#include "core/cli/open.h"
#include "core/cli/options.h"
#include "core/io/dataset.h"
#include "core/io/npy.h"
#include "core/io/place.h"
#include "core/io/rotate.h"

#include <inttypes.h>
#include <stdlib.h>

enum { KEY_INDEX = MCD_OPTION_OWN, KEY_ANGLES, MAX_ANGLES = 10000 };

struct rotate {
    struct mcd_options options; /* first: the shared groups' parsers see it */
    int64_t index;
    size_t count;
    double angle[MAX_ANGLES];
};

static void parse_angles(struct argp_state *state, const char *arg, struct rotate *r)
{
    struct mcd_range range = mcd_option_range(state, "angles", arg, MAX_ANGLES);
    r->count = (size_t)range.count;
    for (size_t i = 0; i < r->count; i++)
        r->angle[i] = range.first + (double)i * range.step;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct rotate *r = state->input;
    switch (key) {
    case KEY_INDEX:
        r->index = mcd_option_int(state, "index", arg, 0, INT32_MAX);
        return 0;
    case KEY_ANGLES:
        parse_angles(state, arg, r);
        return 0;
    case ARGP_KEY_END:
        if (!r->options.data || !r->options.out || r->index < 0 || r->count == 0)
            argp_error(state, "--data, --index, --angles and --out must be given");
        if (strcmp(r->options.out, "-") == 0)
            argp_error(state, "--out: '-': expected the name of a file");
        return 0;
    default:
        return mcd_options_only(key, arg, state);
    }
}

static int rotate(const struct rotate *r, struct mcd_error *e)
{
    struct mcd_dataset_request request = {.data = r->options.data, .split = MCD_TEST};
    struct mcd_dataset d;
    struct mcd_array out = {0};
    int status = mcd_dataset_load(&d, &request, e);
    if (status)
        return status;
    if (r->index >= d.x.dim[0])
        status = mcd_fail(e, MCD_INVALID, "--index", "%" PRId64 ": expected 0 to %" PRId64 " in %s",
                          r->index, d.x.dim[0] - 1, d.source);
    else
        mcd_log(MCD_LOG_INFO, "image %" PRId64 " of %s at %zu angles", r->index, d.source,
                r->count);
    if (!status)
        status = mcd_rotate_each(&d.x, r->index, r->angle, r->count, &out, e);
    if (!status)
        status = mcd_npy_write(r->options.out, &out, e);
    mcd_array_clear(&out);
    mcd_dataset_clear(&d);
    return status;
}

int mcd_cmd_rotate(int argc, char **argv)
{
    static const struct argp_child children[] = {{&mcd_options_data, 0, NULL, 0},
                                                 {&mcd_options_out, 0, NULL, 2},
                                                 {&mcd_options_common, 0, NULL, -1},
                                                 {0}};
    static const struct argp_option own[] = {
        {"index", KEY_INDEX, "N", 0, "Which of the test images, counted from 0", 1},
        {"angles", KEY_ANGLES, "FIRST:LAST:STEP", 0,
         "Angles in degrees, counterclockwise; LAST is included if a step meets it", 1},
        {0}};
    static const struct argp argp = {
        .options = own,
        .parser = parse,
        .doc = "Rotates one test image by several angles and writes the images as NPY, as "
               "scipy.ndimage.rotate does with reshape=False: cubic splines, the size stays.\v"
               "Example: mcdrop rotate --data mnist --index 9978 --angles 50:127:7 --out X.npy",
        .children = children,
    };
    struct rotate *r = calloc(1, sizeof *r);
    struct mcd_error e = {0};
    if (!r)
        return MCD_EXIT_FAILURE;
    *r = (struct rotate){.options = MCD_OPTIONS, .index = -1};
    argp_parse(&argp, argc, argv, 0, NULL, r);
    int status = rotate(r, &e);
    free(r);
    if (status && strncmp(e.where, "--", 2) == 0)
        return mcd_report_option(&e);
    return status ? mcd_report(&e) : MCD_EXIT_OK;
}
