/* core/network/draws: what is written is read, whatever is damaged is refused with a reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/host.h"
#include "core/network/draws.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/scratch.h"

enum { CHAINS = 2, DRAWS = 8, DIM = 3, ROWS = 4, COLUMNS = 2 };

static struct mcd_host *host;
static double q[CHAINS * DRAWS * DIM], x[ROWS * COLUMNS], y[ROWS];
static struct mcd_transition each[CHAINS * DRAWS];
static char l[] = "l", eta[] = "eta", sigma[] = "sigma", mean[] = "mean";
static char quadrature[] = "quadrature", leave_one_out[] = "leave_one_out", score[] = "log_score";
static char *names[DIM] = {l, eta, sigma};
static struct mcd_exact exact[] = {{quadrature, l, mean, 0.1}, {leave_one_out, score, NULL, NAN}};

static struct mcd_draws_file example(void)
{
    for (int i = 0; i < CHAINS * DRAWS * DIM; i++)
        q[i] = i / 7.0;
    for (int i = 0; i < CHAINS * DRAWS; i++)
        each[i] = (struct mcd_transition){-i / 3.0, i / 5.0, 0.9, (uint32_t)i + 1, 3, i == 5};
    for (int i = 0; i < ROWS * COLUMNS; i++)
        x[i] = -i / 11.0;
    for (int i = 0; i < ROWS; i++)
        y[i] = i * 1e300;
    return (struct mcd_draws_file){host, CHAINS, DRAWS,   DIM, 10, names, q,
                                   each, ROWS,   COLUMNS, x,   y,  2,     exact};
}

static const char *write_example(const char *run)
{
    struct mcd_error e = {0};
    struct mcd_draws_file d = example();
    const char *path = scratch_path("draws.safetensors");
    assert_ok(mcd_draws_write(path, &d, run, &e), e);
    return path;
}

static void all_comes_back(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    struct mcd_draws_file d;
    struct mcd_safetensors file;
    double values[CHAINS * DRAWS];
    const char *path = write_example("{\"some\": \"run\"}");
    assert_ok(mcd_draws_read(host, path, &d, &e), e);
    assert_true(d.chains == CHAINS && d.draws == DRAWS && d.dim == DIM && d.max_depth == 10);
    assert_true(d.rows == ROWS && d.columns == COLUMNS && d.exacts == 2);
    assert_memory_equal(d.q, q, sizeof q);
    assert_memory_equal(d.x, x, sizeof x);
    assert_memory_equal(d.y, y, sizeof y);
    for (int i = 0; i < CHAINS * DRAWS; i++)
        assert_memory_equal(&d.each[i], &each[i], sizeof each[i]);
    for (int i = 0; i < DIM; i++)
        assert_string_equal(d.names[i], names[i]);
    assert_string_equal(d.exact[0].method, "quadrature");
    assert_true(d.exact[0].value == 0.1 && isnan(d.exact[1].value) && !d.exact[1].statistic);
    mcd_draws_take(&d, 1, values);
    for (int i = 0; i < CHAINS * DRAWS; i++)
        assert_true(values[i] == q[i * DIM + 1]);
    mcd_draws_clear(&d);
    assert_ok(mcd_safetensors_read(path, &file, &e), e);
    assert_string_equal(mcd_safetensors_metadata(&file, "mcdrop"), "{\"some\": \"run\"}");
    mcd_safetensors_clear(&file);
    assert_int_equal(mcd_host_live(host), 0);
}

static void reports_may_be_missing(void **state)
{
    (void)state;
    struct mcd_error e = {0};
    struct mcd_draws_file d = example(), back;
    const char *path = scratch_path("draws.safetensors");
    d.each = NULL;
    d.exacts = 0;
    assert_ok(mcd_draws_write(path, &d, NULL, &e), e);
    assert_ok(mcd_draws_read(host, path, &back, &e), e);
    assert_null(back.each);
    assert_null(back.exact);
    mcd_draws_clear(&back);
}

/* ---- damage ------------------------------------------------------------------------------ */

static struct mcd_safetensors file;

static struct mcd_array *at(const char *name)
{
    return (struct mcd_array *)mcd_safetensors_find(&file, name);
}

static void set_metadata(const char *text)
{
    for (size_t i = 0; i < file.metadata_count; i++)
        if (strcmp(file.metadata[i].key, MCD_DRAWS_KEY) == 0) {
            free((char *)file.metadata[i].value);
            file.metadata[i].value = strdup(text);
        }
}

static void no_metadata(void)
{
    for (size_t i = 0; i < file.metadata_count; i++)
        ((char *)file.metadata[i].key)[0] = 'X';
}

static void rename_tensor(const char *name)
{
    for (size_t i = 0; i < file.count; i++)
        if (strcmp(file.tensor[i].name, name) == 0)
            ((char *)file.tensor[i].name)[0] = 'X';
}

#define DAMAGE(name, statement)                                                                    \
    static void name(void)                                                                         \
    {                                                                                              \
        statement;                                                                                 \
    }
#define NAMES(list) "{\"format\":1,\"max_depth\":10,\"names\":" list "}"
#define EXACTS(list)                                                                               \
    "{\"format\":1,\"max_depth\":1,\"names\":[\"a\",\"b\",\"c\"],\"exact\":" list "}"
#define PART(name, index)  ((double *)at(name)->data)[index]
#define WHOLE(name, index) ((int32_t *)at(name)->data)[index]
DAMAGE(text_cut, set_metadata("{\"format\":1"))
DAMAGE(text_list, set_metadata("[]"))
DAMAGE(format_2, set_metadata("{\"format\":2,\"max_depth\":10,\"names\":[\"a\",\"b\",\"c\"]}"))
DAMAGE(depth_text, set_metadata("{\"format\":1,\"max_depth\":\"10\",\"names\":[\"a\"]}"))
DAMAGE(depth_negative, set_metadata("{\"format\":1,\"max_depth\":-1,\"names\":[\"a\"]}"))
DAMAGE(names_none, set_metadata(NAMES("[]")))
DAMAGE(names_number, set_metadata(NAMES("[\"a\",2,\"c\"]")))
DAMAGE(names_empty, set_metadata(NAMES("[\"a\",\"\",\"c\"]")))
DAMAGE(names_twice, set_metadata(NAMES("[\"a\",\"b\",\"a\"]")))
DAMAGE(names_few, set_metadata(NAMES("[\"a\",\"b\"]")))
DAMAGE(exact_short, set_metadata(EXACTS("[[\"m\",\"q\"]]")))
DAMAGE(exact_text, set_metadata(EXACTS("[[\"m\",\"q\",null,\"1\"]]")))
DAMAGE(exact_method, set_metadata(EXACTS("[[1,\"q\",null,1]]")))
DAMAGE(no_draws, rename_tensor("draws"))
DAMAGE(no_y, rename_tensor("y"))
DAMAGE(no_energy, rename_tensor("energy"))
DAMAGE(draws_nan, PART("draws", 5) = NAN)
DAMAGE(energy_infinite, PART("energy", 5) = INFINITY)
DAMAGE(x_infinite, PART("x", 1) = -INFINITY)
DAMAGE(steps_negative, WHOLE("steps", 2) = -1)
DAMAGE(divergent_2, WHOLE("divergent", 2) = 2)
DAMAGE(draws_integers, at("draws")->type = MCD_I64)
DAMAGE(draws_flat, at("draws")->rank = 2)
DAMAGE(few_draws, at("draws")->dim[1] = 7)
DAMAGE(no_chain, at("draws")->dim[0] = 0)

static void many_chains(void)
{
    struct mcd_array *draws = at("draws");
    free(draws->data);
    draws->dim[0] = 1025;
    draws->data = calloc(1025 * DRAWS * DIM, sizeof(double));
    assert_non_null(draws->data);
}

DAMAGE(y_short, at("y")->dim[0] = 3)
DAMAGE(steps_short, at("steps")->dim[1] = 7)

static const struct damage {
    const char *name;
    void (*make)(void);
    const char *says;
} damages[] = {
    {"no metadata", no_metadata, "holds no draws of a posterior"},
    {"cut text", text_cut, "is damaged: expected a JSON object"},
    {"a list", text_list, "expected format 1"},
    {"format 2", format_2, "expected format 1"},
    {"depth is a text", depth_text, "max_depth: expected a whole number"},
    {"negative depth", depth_negative, "max_depth: expected a whole number"},
    {"no names", names_none, "the names of 1 to"},
    {"a number for a name", names_number, "name 2 is not a text"},
    {"an empty name", names_empty, "name 2 is not a text"},
    {"a name twice", names_twice, "two quantities are named a"},
    {"few names", names_few, "tensor draws has a wrong type or shape"},
    {"a short exact value", exact_short, "an exact value is damaged"},
    {"an exact text", exact_text, "an exact value is damaged"},
    {"an exact method", exact_method, "an exact value is damaged"},
    {"no draws", no_draws, "has a tensor Xraws"},
    {"no y", no_y, "has a tensor X"},
    {"no energy", no_energy, "has a tensor Xnergy"},
    {"NaN", draws_nan, "tensor draws, element 5: expected a finite number"},
    {"infinite energy", energy_infinite, "tensor energy, element 5"},
    {"infinite x", x_infinite, "tensor x, element 1"},
    {"negative steps", steps_negative, "draw 2: steps, depth or divergent"},
    {"divergent 2", divergent_2, "draw 2: steps, depth or divergent"},
    {"integers", draws_integers, "tensor draws has a wrong type or shape: expected F64 of rank 3"},
    {"flat draws", draws_flat, "tensor draws has a wrong type or shape"},
    {"few draws", few_draws, "2 chains of 7: expected at most 1024, of at least 8 draws each"},
    {"no chain", no_chain, "tensor draws has a wrong type or shape"},
    {"many chains", many_chains, "tensor draws"},
    {"short y", y_short, "tensor y has a wrong type or shape: expected F64 of rank 1"},
    {"short steps", steps_short, "tensor steps has a wrong type or shape: expected I32"},
};

static void damage_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        struct mcd_error e = {0};
        struct mcd_draws_file d;
        assert_ok(mcd_safetensors_read(write_example(NULL), &file, &e), e);
        damages[i].make();
        assert_int_equal(mcd_draws_parse(host, &file, "FILE", &d, &e), MCD_INVALID);
        if (!strstr(e.text, damages[i].says) || strcmp(e.where, "FILE"))
            fail_msg("%s: '%s: %s', expected '%s'", damages[i].name, e.where, e.text,
                     damages[i].says);
        assert_null(d.host);
        assert_int_equal(mcd_host_live(host), 0);
        mcd_safetensors_clear(&file);
    }
}

/* Every allocation of the host fails once: nothing stays, nothing is half there. */
static void lack_of_memory_is_reported(void **state)
{
    (void)state;
    struct mcd_draws_file d = example(), back;
    const char *path = write_example(NULL);
    int status = MCD_NOMEM;
    uint64_t k = 0;
    while (status) {
        struct mcd_error e = {0};
        mcd_host_fail_at(host, ++k);
        status = mcd_draws_read(host, path, &back, &e);
        mcd_host_fail_at(host, 0);
        assert_true(status == MCD_OK || (status == MCD_NOMEM && e.code == MCD_NOMEM));
        mcd_draws_clear(&back);
        assert_int_equal(mcd_host_live(host), 0);
    }
    assert_true(k > 10);
    mcd_host_fail_at(host, 1);
    assert_int_equal(mcd_draws_write(scratch_path("new"), &d, NULL, NULL), MCD_NOMEM);
    mcd_host_fail_at(host, 0);
    assert_int_equal(scratch_count(), 1);
}

static int setup(void **state)
{
    host = mcd_host_create(1, NULL, NULL, NULL);
    return host ? scratch_setup(state) : -1;
}

static int teardown(void **state)
{
    mcd_host_destroy(host);
    return scratch_teardown(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(all_comes_back, scratch_empty),
        cmocka_unit_test_teardown(reports_may_be_missing, scratch_empty),
        cmocka_unit_test_teardown(damage_is_refused, scratch_empty),
        cmocka_unit_test_teardown(lack_of_memory_is_reported, scratch_empty),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
