/* Parameters are the same ones, in the same order, whatever a recording is for. */
#include "core/base/host.h"
#include "core/check/input.h"
#include "core/check/recorders.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/*
 * Names go into files that other programs read: printable ASCII without blanks, and no part between
 * dots that is empty.
 */
static int is_legal(const char *name)
{
    for (const char *s = name; *s; s++)
        if (*s <= ' ' || *s > '~' || *s == '"' || *s == '\\' || (*s == '.' && s[1] == '.'))
            return 0;
    return *name && *name != '.' && name[strlen(name) - 1] != '.';
}

static int check_param(struct mcd_checking *c, const char *where, const struct mcd_graph_param *p)
{
    mcd_check_looked(c, 1);
    if (!is_legal(p->name))
        return mcd_check_fail(c, where,
                              "names of printable ASCII without blanks, quotes and "
                              "empty parts between dots",
                              "a parameter '%s'", p->name);
    if (!isfinite(p->start) || !isfinite(p->spread) || p->spread < 0)
        return mcd_check_fail(c, p->name, "a finite start and a finite spread of 0 or more",
                              "%g and %g", p->start, p->spread);
    return 0;
}

/* What a recording is for. */
struct purpose {
    const char *name;
    int stochastic;
    uint32_t batch;
};

static int compare(struct mcd_checking *c, const char *where, const struct purpose *purpose,
                   const struct mcd_graph_core *first, const struct mcd_graph_core *other)
{
    static const char expected[] =
        "the same parameters and states in the same order in passes with noise and elsewhere";
    char a[MCD_SHAPE_TEXT], b[MCD_SHAPE_TEXT];
    for (uint32_t i = 0; i < first->nparams || i < other->nparams; i++) {
        const struct mcd_graph_param *p = &first->param[i], *q = &other->param[i];
        if (i >= first->nparams || i >= other->nparams)
            return mcd_check_fail(c, where, expected, "%s %s alone",
                                  i < first->nparams ? p->name : q->name,
                                  i < first->nparams ? "in passes with noise" : purpose->name);
        if (strcmp(p->name, q->name) != 0 || !mcd_shape_equal(&p->shape, &q->shape) ||
            p->is_state != q->is_state)
            return mcd_check_fail(c, where, expected, "number %u is %s %s, and %s %s %s", i + 1,
                                  p->name, mcd_shape_text(&p->shape, a), q->name,
                                  mcd_shape_text(&q->shape, b), purpose->name);
        if (p->start != q->start || p->spread != q->spread)
            return mcd_check_fail(c, p->name, "the same first values whatever a recording is for",
                                  "%g +- %g, and %g +- %g %s", p->start, p->spread, q->start,
                                  q->spread, purpose->name);
    }
    return 0;
}

/* A recording that fails is nothing to compare names of: other checks say so. */
static struct mcd_graph_core *record(struct mcd_checking *c, const struct mcd_host *host,
                                     const struct mcd_input *in, const struct purpose *purpose)
{
    struct mcd_graph_core *g = mcd_graph_create(host, purpose->stochastic);
    struct mcd_recorded r;
    struct mcd_error e = {0};
    if (g && purpose->batch)
        mcd_input_train(g, purpose->batch);
    if (g && !mcd_input_record(c, g, in, &r, &e))
        return g;
    mcd_graph_destroy(g);
    return NULL;
}

static int check_all(struct mcd_checking *c, const struct mcd_host *host,
                     const struct mcd_input *in)
{
    static const struct purpose purposes[] = {{"in passes with noise", 1, 0},
                                              {"in weight averaging", 0, 0},
                                              {"in training", 1, 4},
                                              {"in training on one row", 1, 1}};
    char where[MCD_INPUT_TEXT];
    struct mcd_graph_core *first = record(c, host, in, &purposes[0]);
    int status = 0;
    mcd_input_text(in, where);
    for (uint32_t i = 0; first && !status && i < first->nparams; i++)
        status = check_param(c, where, &first->param[i]);
    for (size_t k = 1; first && !status && k < sizeof purposes / sizeof *purposes; k++) {
        struct mcd_graph_core *other = record(c, host, in, &purposes[k]);
        mcd_check_looked(c, 1);
        if (other)
            status = compare(c, where, &purposes[k], first, other);
        mcd_graph_destroy(other);
    }
    mcd_graph_destroy(first);
    return status;
}

static int check_input(struct mcd_checking *c, const struct mcd_input *in, void *arg)
{
    struct mcd_error e = {0};
    struct mcd_host *host = mcd_host_create(1, NULL, NULL, &e);
    (void)arg;
    int status = host ? check_all(c, host, in) : mcd_check_status(c, "host", MCD_NOMEM, &e);
    mcd_host_destroy(host);
    return status;
}

void mcd_check_names(struct mcd_checking *c)
{
    mcd_inputs_each(c, check_input, NULL);
}
