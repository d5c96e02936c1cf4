/* Every op of the reference backend in f64, and its gradient, against PyTorch (tests/fixtures/). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/check/conformance/cases.h" /* before cmocka, whose `fail` is a macro */
#include "core/io/safetensors.h"
#include "tests/op_gradient.h"

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static const double TOLERANCE = 1e-11;

/* One case of the fixture. */
struct fixture {
    const struct mcd_safetensors *file;
    const char *name, *says; /* the case's name and its line of words */
    struct mcd_step_case of;
    char input[MCD_MAX_INPUTS][32]; /* names of its inputs */
    double *in[MCD_MAX_INPUTS];
};

static const struct mcd_array *find(const struct fixture *x, const char *prefix, const char *tensor)
{
    char name[128];
    snprintf(name, sizeof name, "%s/%s%s", x->name, prefix, tensor);
    return mcd_safetensors_find(x->file, name);
}

static double *values_of(const struct mcd_array *a)
{
    int64_t count = mcd_array_count(a);
    double *values = malloc((size_t)count * sizeof *values);
    assert_non_null(values);
    for (int64_t i = 0; i < count; i++)
        values[i] = a->type == MCD_F64   ? ((const double *)a->data)[i]
                    : a->type == MCD_F32 ? (double)((const float *)a->data)[i]
                                         : ((const int32_t *)a->data)[i];
    return values;
}

/* The value of `key=value` among the words; "" if there is none. Valid until the next call. */
static const char *word(const struct fixture *x, const char *key)
{
    static char value[64];
    size_t length = strlen(key);
    value[0] = 0;
    for (const char *at = x->says; at && *at; at = strchr(at, ' ')) {
        at += *at == ' ';
        if (strncmp(at, key, length) == 0 && at[length] == '=')
            sscanf(at + length + 1, "%63[^ ]", value);
    }
    return value;
}

static double number(const struct fixture *x, const char *key)
{
    return strtod(word(x, key), NULL);
}

static void pair(const struct fixture *x, const char *key, int64_t to[2])
{
    char *rest;
    to[0] = strtol(word(x, key), &rest, 10);
    to[1] = *rest ? strtol(rest + 1, NULL, 10) : to[0];
}

/* Place of a word in a list of the header's names, in the order of their enum. */
static int64_t index_of(const char *name, const char *const *names, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        if (strcmp(name, names[i]) == 0)
            return i;
    fail_msg("'%s' is not known", name);
    return 0;
}

static struct mcd_shape shape_word(const struct fixture *x)
{
    struct mcd_shape s = mcd_shape0();
    const char *at = word(x, "shape");
    while (*at >= '0' && *at <= '9') {
        char *end;
        s.dim[s.rank++] = strtol(at, &end, 10);
        at = end + (*end == 'x');
    }
    return s;
}

/* A star says that the first dimension counts rows; a scalar is stored with one dimension. */
static struct mcd_operand operand_of(const struct mcd_array *a, int starred)
{
    struct mcd_operand o = {.fill = a->type == MCD_I32 ? MCD_FILL_LABEL : MCD_FILL_NAN};
    uint32_t skip = starred || (a->rank == 1 && a->dim[0] == 1);
    o.rows = starred ? (uint32_t)a->dim[0] : 0;
    o.shape.rank = a->rank - skip;
    memcpy(o.shape.dim, a->dim + skip, o.shape.rank * sizeof *o.shape.dim);
    return o;
}

static void read_noise(struct fixture *x)
{
    struct mcd_attr_drop *a = &x->of.attr.u.drop;
    static const char *const laws[] = {"bernoulli", "gaussian", "uniform"};
    a->law = index_of(word(x, "law"), laws, 3);
    a->p = number(x, "p");
    a->site = (int64_t)number(x, "site");
    a->units = (int64_t)number(x, "units");
    a->span = (int64_t)number(x, "span");
    x->of.seed = (uint64_t)number(x, "seed");
    x->of.domain = (uint32_t)number(x, "domain");
    x->of.stream = (uint64_t)number(x, "stream");
    x->of.first_row = (uint64_t)number(x, "first_row");
    x->of.flip = (uint32_t)number(x, "flip");
}

static void read_geometry(struct fixture *x)
{
    static const char *const pools[] = {"max", "mean"};
    struct mcd_attr_conv *conv = &x->of.attr.u.conv;
    struct mcd_attr_pool *pool = &x->of.attr.u.pool;
    int is_conv = x->of.op == MCD_OP_CONV2D;
    pair(x, "stride", is_conv ? conv->stride : pool->stride);
    pair(x, "pad", is_conv ? conv->pad : pool->pad);
    if (is_conv)
        pair(x, "dilation", conv->dilation);
    else {
        pool->kind = index_of(word(x, "kind"), pools, 2);
        pair(x, "window", pool->window);
    }
}

static void read_attributes(struct fixture *x)
{
    static const char *const functions[] = {"relu", "tanh", "sigmoid",  "exp",
                                            "log",  "sqrt", "softplus", "gelu"};
    static const char *const binaries[] = {"add", "sub", "mul", "div"};
    static const char *const reductions[] = {"sum", "mean"};
    struct mcd_attr *a = &x->of.attr;
    switch (x->of.op) {
    case MCD_OP_CONV2D:
    case MCD_OP_POOL2D:
        read_geometry(x);
        break;
    case MCD_OP_MAP:
        a->u.map.function = index_of(word(x, "function"), functions, 8);
        break;
    case MCD_OP_BINARY:
        a->u.binary.kind = index_of(word(x, "kind"), binaries, 4);
        break;
    case MCD_OP_AFFINE:
        a->u.affine.scale = number(x, "scale");
        a->u.affine.shift = number(x, "shift");
        break;
    case MCD_OP_REDUCE:
    case MCD_OP_EXPAND:
        if (x->of.op == MCD_OP_REDUCE)
            a->u.reduce.kind = index_of(word(x, "kind"), reductions, 2);
        a->u.reduce.shape = shape_word(x);
        a->u.reduce.over_rows = (int64_t)number(x, "over_rows");
        break;
    case MCD_OP_DROP:
    case MCD_OP_NOISE:
        read_noise(x);
        break;
    default:
        break;
    }
}

static uint32_t op_word(const struct fixture *x)
{
    const char *name = word(x, "op");
    for (uint32_t op = 1; op < 64; op++)
        if (strcasecmp(mcd_case_op_name(op), name) == 0)
            return op;
    fail_msg("%s: op '%s' is not known", x->name, name);
    return 0;
}

static void read_case(struct fixture *x)
{
    char inputs[64], *rest = NULL;
    snprintf(inputs, sizeof inputs, "%s", word(x, "in"));
    x->of =
        (struct mcd_step_case){.op = op_word(x), .in_place = MCD_NO_INPUT, .passes = 1, .rows = 1};
    snprintf(x->of.name, sizeof x->of.name, "%s", x->name);
    for (char *in = strtok_r(inputs, ",", &rest); in; in = strtok_r(NULL, ",", &rest)) {
        uint32_t i = x->of.nin++;
        snprintf(x->input[i], sizeof x->input[i], "%s", in + (*in == '*'));
        const struct mcd_array *a = find(x, "", x->input[i]);
        x->in[i] = values_of(a);
        x->of.in[i] = operand_of(a, *in == '*');
        x->of.in[i].data = x->in[i];
        if (x->of.in[i].rows)
            x->of.rows = x->of.in[i].rows;
    }
    x->of.out = operand_of(find(x, "", "out"), *word(x, "out") == '*');
    read_attributes(x);
}

static double *compute(const struct mcd_engine *b, const struct mcd_step_case *c)
{
    struct mcd_error e = {0};
    struct mcd_placed_step p;
    double *results = malloc((size_t)mcd_step_results(c) * sizeof *results);
    assert_non_null(results);
    if (mcd_step_place(b, c, 0, &p, &e) || mcd_step_execute(&p, results, &e))
        fail_msg("%s: %s", c->name, e.text);
    mcd_step_remove(&p);
    return results;
}

static void assert_agrees(const char *name, const char *what, const double *got, double factor,
                          const struct mcd_array *a)
{
    int64_t count = mcd_array_count(a);
    double *expected = values_of(a), largest = 0;
    for (int64_t i = 0; i < count; i++)
        if (isfinite(expected[i]))
            largest = fmax(largest, fabs(expected[i]));
    for (int64_t i = 0; i < count; i++) {
        double g = factor * got[i], e = expected[i];
        int same = isnan(e) ? isnan(g) : isinf(e) ? g == e : fabs(g - e) <= TOLERANCE * largest;
        if (!same)
            fail_msg("%s, %s, element %d: got %.15g, PyTorch %.15g", name, what, (int)i, g, e);
    }
    free(expected);
}

static void check_gradient(const struct mcd_engine *b, const struct fixture *x, uint32_t input,
                           const struct step_values *v)
{
    const struct mcd_array *expected = find(x, "grad.", x->input[input]);
    struct mcd_step_case g;
    double factor;
    if (!expected || !gradient_step(&x->of, input, v, &g, &factor))
        return;
    double *gradient = compute(b, &g);
    assert_agrees(x->name, x->input[input], gradient, factor, expected);
    free(gradient);
}

static void check_case(const struct mcd_engine *b, struct fixture *x)
{
    read_case(x);
    double *out = compute(b, &x->of), *cotangent = values_of(find(x, "", "cotangent"));
    assert_agrees(x->name, "output", out, 1, find(x, "", "out"));
    struct step_values v = {{x->in[0], x->in[1], x->in[2], x->in[3]}, out, cotangent};
    for (uint32_t i = 0; i < x->of.nin; i++)
        check_gradient(b, x, i, &v);
    for (uint32_t i = 0; i < x->of.nin; i++)
        free(x->in[i]);
    free(cotangent);
    free(out);
}

static void ops_agree_with_pytorch(void **state)
{
    struct mcd_error e = {0};
    struct mcd_safetensors file;
    struct mcd_engine b;
    char path[1024];
    (void)state;
    snprintf(path, sizeof path, "%s/fixtures/ops_forward.safetensors",
             getenv("MCDROP_TEST_SRCDIR"));
    if (mcd_safetensors_read(path, &file, &e) ||
        mcd_engine_open("reference:precision=f64", 1, &b, &e))
        fail_msg("%s: %s", e.where, e.text);
    for (size_t i = 0; i < file.metadata_count; i++) {
        struct fixture x = {.file = &file};
        x.name = file.metadata[i].key;
        x.says = file.metadata[i].value;
        if (strcmp(x.name, "made_by") != 0)
            check_case(&b, &x);
    }
    assert_true(file.metadata_count > 80);
    assert_int_equal(mcd_engine_close(&b), 0);
    mcd_safetensors_clear(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(ops_agree_with_pytorch)};
    return cmocka_run_group_tests_name("ops", tests, NULL, NULL);
}
