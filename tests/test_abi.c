/*
 * The binary interface, as plugins and embedding programs were compiled against it: each version's
 * offsets, sizes and numbers stand in fixtures/abi-VERSION.txt and may never change.
 *
 * Structs that carry their size may grow at the end, where a later minor version appends; all
 * others keep their size. `test_abi --print` prints what the headers say, in the fixtures' form:
 * for a new version's fixture beside the old ones. The newest may lack nothing. abi_complete.sh
 * sees to it that everything in the headers is here.
 */
#include <mcdrop/backend.h>
#include <mcdrop/chain.h>
#include <mcdrop/layer.h>
#include <mcdrop/linalg.h>
#include <mcdrop/mcdrop.h>
#include <mcdrop/model.h>
#include <mcdrop/moments.h>
#include <mcdrop/sampler.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* kind: "struct" (value: bytes), "growing" (the same), "member" (offset, bytes), "number". */
struct fact {
    const char *kind, *name;
    uint64_t value, bytes;
};

#define FIXED(type)                                                                                \
    {                                                                                              \
        "struct", #type, sizeof(struct type), 0                                                    \
    }
#define GROWING(type)                                                                              \
    {                                                                                              \
        "growing", #type, sizeof(struct type), 0                                                   \
    }
#define SIZE(type, m) sizeof(((struct type *)NULL)->m)
#define M(type, member)                                                                            \
    {                                                                                              \
        "member", #type "." #member, offsetof(struct type, member), SIZE(type, member)             \
    }
#define C(constant)                                                                                \
    {                                                                                              \
        "number", #constant, (uint64_t)(constant), 0                                               \
    }

/* One struct after another, its members below it. */
/* clang-format off */
static const struct fact facts[] = {
    FIXED(mcd_error),
    M(mcd_error, code), M(mcd_error, where), M(mcd_error, text),
    FIXED(mcd_ints),
    M(mcd_ints, count), M(mcd_ints, value),
    FIXED(mcd_param),
    M(mcd_param, name), M(mcd_param, value), M(mcd_param, domain), M(mcd_param, help),
    M(mcd_param, kind),
    GROWING(mcd_host),
    M(mcd_host, size), M(mcd_host, abi), M(mcd_host, workers), M(mcd_host, alloc),
    M(mcd_host, release), M(mcd_host, log), M(mcd_host, fail), M(mcd_host, parallel),
    GROWING(mcd_plugin),
    M(mcd_plugin, abi), M(mcd_plugin, size), M(mcd_plugin, kind), M(mcd_plugin, name),
    M(mcd_plugin, version), M(mcd_plugin, licence), M(mcd_plugin, help), M(mcd_plugin, params),
    M(mcd_plugin, create), M(mcd_plugin, destroy), M(mcd_plugin, api),
    FIXED(mcd_shape),
    M(mcd_shape, rank), M(mcd_shape, dim),
    FIXED(mcd_tensor),
    M(mcd_tensor, buffer), M(mcd_tensor, offset), M(mcd_tensor, type), M(mcd_tensor, rows),
    M(mcd_tensor, shape),
    FIXED(mcd_attr_conv),
    M(mcd_attr_conv, stride), M(mcd_attr_conv, pad), M(mcd_attr_conv, dilation),
    FIXED(mcd_attr_pool),
    M(mcd_attr_pool, kind), M(mcd_attr_pool, window), M(mcd_attr_pool, stride),
    M(mcd_attr_pool, pad),
    FIXED(mcd_attr_reduce),
    M(mcd_attr_reduce, shape), M(mcd_attr_reduce, kind), M(mcd_attr_reduce, over_rows),
    FIXED(mcd_attr_drop),
    M(mcd_attr_drop, law), M(mcd_attr_drop, site), M(mcd_attr_drop, units), M(mcd_attr_drop, span),
    M(mcd_attr_drop, p),
    FIXED(mcd_attr_sgd),
    M(mcd_attr_sgd, rate), M(mcd_attr_sgd, momentum), M(mcd_attr_sgd, decay),
    FIXED(mcd_attr_adam),
    M(mcd_attr_adam, rate), M(mcd_attr_adam, beta1), M(mcd_attr_adam, beta2),
    M(mcd_attr_adam, epsilon), M(mcd_attr_adam, decay),
    GROWING(mcd_custom),
    M(mcd_custom, size), M(mcd_custom, forward), M(mcd_custom, backward),
    FIXED(mcd_attr_custom),
    M(mcd_attr_custom, function), M(mcd_attr_custom, self), M(mcd_attr_custom, input),
    M(mcd_attr_custom, shape),
    FIXED(mcd_attr_moments),
    M(mcd_attr_moments, task), M(mcd_attr_moments, group), M(mcd_attr_moments, offset),
    M(mcd_attr_moments, scale),
    FIXED(mcd_attr),
    M(mcd_attr, u.room), M(mcd_attr, u.conv), M(mcd_attr, u.pool), M(mcd_attr, u.map.function),
    M(mcd_attr, u.binary.kind), M(mcd_attr, u.affine.scale), M(mcd_attr, u.affine.shift),
    M(mcd_attr, u.reduce), M(mcd_attr, u.drop), M(mcd_attr, u.sgd), M(mcd_attr, u.adam),
    M(mcd_attr, u.custom),
    M(mcd_attr, u.moments),
    GROWING(mcd_graph),
    M(mcd_graph, size), M(mcd_graph, stochastic), M(mcd_graph, op), M(mcd_graph, param),
    M(mcd_graph, layer), M(mcd_graph, penalty), M(mcd_graph, shape), M(mcd_graph, fail),
    M(mcd_graph, batch), M(mcd_graph, nat), M(mcd_graph, state), M(mcd_graph, track),
    GROWING(mcd_layer),
    M(mcd_layer, size), M(mcd_layer, build),
    GROWING(mcd_site),
    M(mcd_site, size), M(mcd_site, id), M(mcd_site, law), M(mcd_site, units), M(mcd_site, p),
    FIXED(mcd_draw),
    M(mcd_draw, stream), M(mcd_draw, flip), M(mcd_draw, shared), M(mcd_draw, room),
    GROWING(mcd_sampler),
    M(mcd_sampler, size), M(mcd_sampler, group), M(mcd_sampler, draw), M(mcd_sampler, fill),
    FIXED(mcd_buffer),
    M(mcd_buffer, bytes), M(mcd_buffer, host),
    FIXED(mcd_part),
    M(mcd_part, op), M(mcd_part, room), M(mcd_part, attr), M(mcd_part, shape),
    GROWING(mcd_step),
    M(mcd_step, size), M(mcd_step, op), M(mcd_step, attr), M(mcd_step, nin), M(mcd_step, in),
    M(mcd_step, out), M(mcd_step, workspace), M(mcd_step, nparts), M(mcd_step, part),
    M(mcd_step, scheduled),
    GROWING(mcd_run),
    M(mcd_run, size), M(mcd_run, domain), M(mcd_run, seed), M(mcd_run, update),
    M(mcd_run, first_row), M(mcd_run, passes), M(mcd_run, rows), M(mcd_run, draws),
    M(mcd_run, bits), M(mcd_run, first_place), M(mcd_run, first_pass), M(mcd_run, joined),
    M(mcd_run, summed), M(mcd_run, rate_factor),
    FIXED(mcd_kernel),
    M(mcd_kernel, run), M(mcd_kernel, state), M(mcd_kernel, release), M(mcd_kernel, workspace),
    M(mcd_kernel, room),
    GROWING(mcd_backend_info),
    M(mcd_backend_info, size), M(mcd_backend_info, type), M(mcd_backend_info, device),
    M(mcd_backend_info, library), M(mcd_backend_info, rows), M(mcd_backend_info, devices),
    GROWING(mcd_backend),
    M(mcd_backend, size), M(mcd_backend, info), M(mcd_backend, alloc), M(mcd_backend, release),
    M(mcd_backend, write), M(mcd_backend, read), M(mcd_backend, kernel), M(mcd_backend, sync),
    M(mcd_backend, linalg), M(mcd_backend, section), M(mcd_backend, fetch),
    M(mcd_backend, device), M(mcd_backend, describe),
    GROWING(mcd_device_info),
    M(mcd_device_info, size), M(mcd_device_info, room), M(mcd_device_info, memory),
    M(mcd_device_info, name), M(mcd_device_info, architecture), M(mcd_device_info, problem),
    GROWING(mcd_linalg),
    M(mcd_linalg, size), M(mcd_linalg, potrf), M(mcd_linalg, potri), M(mcd_linalg, trsm),
    M(mcd_linalg, gemm),
    GROWING(mcd_recipe),
    M(mcd_recipe, size), M(mcd_recipe, task), M(mcd_recipe, data), M(mcd_recipe, optimiser),
    M(mcd_recipe, rate), M(mcd_recipe, momentum), M(mcd_recipe, decay), M(mcd_recipe, batch),
    M(mcd_recipe, epochs), M(mcd_recipe, needs),
    GROWING(mcd_fit_data),
    M(mcd_fit_data, size), M(mcd_fit_data, rows), M(mcd_fit_data, columns), M(mcd_fit_data, x),
    M(mcd_fit_data, y), M(mcd_fit_data, backend), M(mcd_fit_data, backend_self),
    M(mcd_fit_data, seed), M(mcd_fit_data, go_on), M(mcd_fit_data, arg), M(mcd_fit_data, dim),
    M(mcd_fit_data, names),
    GROWING(mcd_draws),
    M(mcd_draws, size), M(mcd_draws, chains), M(mcd_draws, draws), M(mcd_draws, dim),
    M(mcd_draws, max_depth), M(mcd_draws, names), M(mcd_draws, q), M(mcd_draws, each),
    GROWING(mcd_model),
    M(mcd_model, size), M(mcd_model, build), M(mcd_model, recipe), M(mcd_model, fit),
    M(mcd_model, draw), M(mcd_model, path), M(mcd_model, exact),
    FIXED(mcd_address),
    M(mcd_address, seed), M(mcd_address, stream), M(mcd_address, domain), M(mcd_address, site),
    M(mcd_address, row),
    FIXED(mcd_words),
    M(mcd_words, w),
    GROWING(mcd_predictor_options),
    M(mcd_predictor_options, size), M(mcd_predictor_options, threads),
    M(mcd_predictor_options, model), M(mcd_predictor_options, weights),
    M(mcd_predictor_options, backend), M(mcd_predictor_options, sampler),
    M(mcd_predictor_options, input), M(mcd_predictor_options, passes),
    M(mcd_predictor_options, seed),
    GROWING(mcd_prediction),
    M(mcd_prediction, size), M(mcd_prediction, first_row), M(mcd_prediction, deterministic),
    M(mcd_prediction, output_mean), M(mcd_prediction, output_std), M(mcd_prediction, output_mcse),
    M(mcd_prediction, probability_mean), M(mcd_prediction, probability_std),
    M(mcd_prediction, probability_mcse), M(mcd_prediction, entropy_mean),
    M(mcd_prediction, entropy_std), M(mcd_prediction, entropy_mcse),
    M(mcd_prediction, predictive_entropy), M(mcd_prediction, predictive_entropy_mcse),
    M(mcd_prediction, mutual_information), M(mcd_prediction, mutual_information_mcse),
    M(mcd_prediction, variation_ratio), M(mcd_prediction, variation_ratio_mcse),
    M(mcd_prediction, votes), M(mcd_prediction, noise_std),
    FIXED(mcd_transition),
    M(mcd_transition, log_density), M(mcd_transition, energy), M(mcd_transition, accept),
    M(mcd_transition, steps), M(mcd_transition, depth), M(mcd_transition, divergent),
    C(MCD_OK), C(MCD_INVALID), C(MCD_NOMEM), C(MCD_UNSUPPORTED), C(MCD_DEVICE), C(MCD_IO),
    C(MCD_STOPPED),
    C(MCD_INT), C(MCD_REAL), C(MCD_BOOL), C(MCD_ENUM), C(MCD_TEXT), C(MCD_INTS),
    C(MCD_LAYER), C(MCD_SAMPLER), C(MCD_MODEL), C(MCD_BACKEND),
    C(MCD_LOG_WARNING), C(MCD_LOG_INFO), C(MCD_LOG_DEBUG),
    C(MCD_F32), C(MCD_F64), C(MCD_I32), C(MCD_U8), C(MCD_I64),
    C(MCD_OP_NONE), C(MCD_OP_LINEAR), C(MCD_OP_CONV2D), C(MCD_OP_POOL2D), C(MCD_OP_MAP),
    C(MCD_OP_BINARY), C(MCD_OP_AFFINE), C(MCD_OP_REDUCE), C(MCD_OP_EXPAND), C(MCD_OP_SOFTMAX),
    C(MCD_OP_LOGSOFTMAX), C(MCD_OP_RESHAPE), C(MCD_OP_DROP), C(MCD_OP_NOISE), C(MCD_OP_XENT),
    C(MCD_OP_MSE), C(MCD_OP_CUSTOM), C(MCD_OP_CUSTOM_DX), C(MCD_OP_FUSED), C(MCD_OP_GATHER), C(MCD_OP_CHANNELS), C(MCD_OP_MOMENTS), C(MCD_OP_SUMS), C(MCD_OP_LINEAR_DX), C(MCD_OP_LINEAR_DW), C(MCD_OP_CONV2D_DX),
    C(MCD_OP_CONV2D_DW), C(MCD_OP_POOL2D_DX), C(MCD_OP_MAP_DX), C(MCD_OP_SOFTMAX_DX),
    C(MCD_OP_LOGSOFTMAX_DX), C(MCD_OP_XENT_DX), C(MCD_OP_MSE_DX), C(MCD_OP_SGD), C(MCD_OP_ADAM),
    C(MCD_POOL_MAX), C(MCD_POOL_MEAN),
    C(MCD_RELU), C(MCD_TANH), C(MCD_SIGMOID), C(MCD_EXP), C(MCD_LOG), C(MCD_SQRT), C(MCD_SOFTPLUS),
    C(MCD_GELU),
    C(MCD_ADD), C(MCD_SUB), C(MCD_MUL), C(MCD_DIV),
    C(MCD_SUM), C(MCD_MEAN),
    C(MCD_BERNOULLI), C(MCD_GAUSSIAN), C(MCD_UNIFORM),
    C(MCD_CLASSIFY), C(MCD_REGRESS), C(MCD_NEEDS_LINALG),
    C(MCD_SGD), C(MCD_ADAM),
    C(MCD_DOMAIN_PREDICT), C(MCD_DOMAIN_TRAIN), C(MCD_DOMAIN_INIT), C(MCD_DOMAIN_SHUFFLE),
    C(MCD_DOMAIN_SAMPLER), C(MCD_DOMAIN_CHAIN),
    C(MCD_ABI), C(MCD_MAX_RANK), C(MCD_MAX_SITES), C(MCD_BATCHES), C(MCD_MAX_STREAM), C(MCD_MAX_UNITS), C(MCD_MAX_PASSES), C(MCD_ABSENT),
};
/* clang-format on */

enum { FACTS = sizeof facts / sizeof *facts };

static int print(void)
{
    for (size_t i = 0; i < FACTS; i++)
        printf("%s %s %" PRIu64 " %" PRIu64 "\n", facts[i].kind, facts[i].name, facts[i].value,
               facts[i].bytes);
    return 0;
}

static const struct fact *find(const char *name)
{
    for (size_t i = 0; i < FACTS; i++)
        if (strcmp(facts[i].name, name) == 0)
            return &facts[i];
    fail_msg("%s is gone", name);
    return NULL;
}

/*
 * What stands in a version's fixture, in the order of `facts`: 1 more than the value; 0: nothing.
 */
static uint64_t golden[FACTS];

/* Whether what was `then` may be so now: structs grow, and the version's minor number. */
static int holds(const struct fact *now, const char *kind, uint64_t value, uint64_t bytes)
{
    if (strcmp(now->kind, kind) != 0 || now->bytes != bytes)
        return 0;
    if (strcmp(now->name, "MCD_ABI") == 0)
        return now->value >= value && now->value >> 16 == value >> 16;
    return now->value == value || (strcmp(kind, "growing") == 0 && now->value > value);
}

/* Reads a fixture into `golden`, and holds the headers to it. */
static void check_facts(const char *version)
{
    char path[4096], kind[16], name[128];
    uint64_t value, bytes;
    int lines = 0;
    memset(golden, 0, sizeof golden);
    snprintf(path, sizeof path, "%s/fixtures/abi-%s.txt", getenv("MCDROP_TEST_SRCDIR"), version);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    for (; fscanf(f, "%15s %127s %" SCNu64 " %" SCNu64, kind, name, &value, &bytes) == 4; lines++) {
        const struct fact *now = find(name);
        if (!holds(now, kind, value, bytes))
            fail_msg("%s %s: %" PRIu64 " %" PRIu64 ", but version %s has %" PRIu64 " %" PRIu64,
                     kind, name, now->value, now->bytes, version, value, bytes);
        golden[now - facts] = value + 1;
    }
    assert_true(feof(f) && lines > 100);
    fclose(f);
}

static void facts_of_1_0_hold(void **state)
{
    (void)state;
    check_facts("1.0");
}

/* The version that the headers are of: nothing is new, nothing larger. */
static void the_newest_version_is_all_there(void **state)
{
    char version[32];
    (void)state;
    snprintf(version, sizeof version, "%u.%u", MCD_ABI_MAJOR, MCD_ABI_MINOR);
    check_facts(version);
    for (size_t i = 0; i < FACTS; i++)
        if (golden[i] != facts[i].value + 1)
            fail_msg("%s: not as in abi-%s.txt: is this a new minor version?", facts[i].name,
                     version);
}

/*
 * A member that 1.0 lacks lies behind all that it has: in a gap it would be read as garbage. But
 * which attribute of a step counts follows from its op.
 */
static void additions_are_at_the_end(void **state)
{
    (void)state;
    uint64_t end = 0;
    check_facts("1.0");
    for (size_t i = 0; i < FACTS; i++) {
        int is_attr = strncmp(facts[i].name, "mcd_attr.u.", 11) == 0;
        if (strcmp(facts[i].kind, "growing") == 0)
            end = golden[i] ? golden[i] - 1 : 0;
        else if (strcmp(facts[i].kind, "struct") == 0)
            end = golden[i] ? UINT64_MAX : 0;
        else if (strcmp(facts[i].kind, "member") == 0 && !golden[i] && facts[i].value < end &&
                 !is_attr)
            fail_msg("%s is new at %" PRIu64 ": expected at %" PRIu64 " or later", facts[i].name,
                     facts[i].value, end);
    }
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts_of_1_0_hold),
        cmocka_unit_test(additions_are_at_the_end),
        cmocka_unit_test(the_newest_version_is_all_there),
    };
    if (argc == 2 && strcmp(argv[1], "--print") == 0)
        return print();
    if (sizeof(void *) != 8) {
        puts("1..0 # SKIP the fixture is of machines with 64 bits");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
