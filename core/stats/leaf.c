/* The leaf of the moments tree: channels of every pass first, then their moments. */
#include "core/stats/leaf.h"

#include "core/base/error.h"
#include "core/base/reals.h"

#include <mcdrop/model.h>
#include <mcdrop/moments.h>
#include <mcdrop/tensor.h>

#include <inttypes.h>
#include <math.h>
#include <string.h>

size_t mcd_leaf_channels(const struct mcd_moments_spec *spec)
{
    size_t outputs = (size_t)spec->outputs;
    return spec->task == MCD_CLASSIFY ? 2 * outputs + 1 : outputs;
}

size_t mcd_leaf_moments(const struct mcd_moments_spec *spec)
{
    return mcd_leaf_channels(spec) * (spec->group > 1 ? 4 : 2);
}

static int has_tallies(const struct mcd_moments_spec *spec)
{
    return spec->meaning && spec->meaning->target;
}

size_t mcd_leaf_width(const struct mcd_moments_spec *spec)
{
    size_t tallies = has_tallies(spec) ? (size_t)spec->outputs * MCD_BATCHES * MCD_TALLY : 0;
    return mcd_leaf_moments(spec) + tallies;
}

struct mcd_tally *mcd_leaf_tallies(const struct mcd_moments_spec *spec, double *values,
                                   int64_t output)
{
    struct mcd_tally *tallies = (struct mcd_tally *)(values + mcd_leaf_moments(spec));
    return has_tallies(spec) ? tallies + output * MCD_BATCHES : NULL;
}

size_t mcd_leaf_sums(const struct mcd_moments_spec *spec)
{
    return spec->task == MCD_CLASSIFY ? 2 * (size_t)spec->outputs + 1 : 0;
}

size_t mcd_leaf_scratch(const struct mcd_moments_spec *spec)
{
    size_t groups = spec->group > 1 ? spec->block_passes / spec->group : 0;
    return mcd_leaf_channels(spec) * (spec->block_passes + groups) + mcd_leaf_width(spec);
}

uint64_t mcd_leaf_groups(const struct mcd_moments_spec *spec, uint64_t first, uint64_t passes)
{
    uint64_t begin = (first + spec->group - 1) / spec->group;
    uint64_t end = (first + passes) / spec->group;
    return end > begin ? end - begin : 0;
}

/* Where the outputs of pass i are. */
static const void *pass_of(const struct mcd_moments_spec *spec, const struct mcd_leaf_input *in,
                           uint64_t i)
{
    return (const char *)in->row_samples + i * in->stride * mcd_type_size(spec->type);
}

static double scaled(const struct mcd_moments_spec *spec, int64_t output, double x)
{
    const struct mcd_meaning *m = spec->meaning;
    return m ? m->offset[output] + m->scale[output] * x : x;
}

static int not_finite(const struct mcd_leaf_input *in, uint64_t i, int64_t output, double x,
                      struct mcd_error *e)
{
    return mcd_fail(e, MCD_INVALID, "prediction",
                    "row %" PRId64 ", output %" PRId64 ", pass %" PRIu64
                    " is %g: expected finite numbers (do the weights fit the data?)",
                    in->row, output, in->first + i, x);
}

/* The outputs of pass i as doubles, which must be finite. */
static int load(const struct mcd_moments_spec *spec, const struct mcd_leaf_input *in, uint64_t i,
                double *x, struct mcd_error *e)
{
    mcd_reals_copy(x, MCD_F64, pass_of(spec, in, i), spec->type, (size_t)spec->outputs);
    for (int64_t k = 0; k < spec->outputs; k++) {
        x[k] = scaled(spec, k, x[k]);
        if (!isfinite(x[k]))
            return not_finite(in, i, k, x[k], e);
    }
    return MCD_OK;
}

int mcd_leaf_check(const struct mcd_moments_spec *spec, const struct mcd_leaf_input *in,
                   struct mcd_error *e)
{
    for (uint64_t i = 0; i < in->passes; i++)
        for (int64_t k = 0; k < spec->outputs; k++) {
            double x = scaled(spec, k, mcd_reals_at(pass_of(spec, in, i), spec->type, (size_t)k));
            if (!isfinite(x))
                return not_finite(in, i, k, x, e);
        }
    return MCD_OK;
}

/* Adds one pass to its batch: p and its entropy in fixed point, the vote. */
static void count(const struct mcd_moments_spec *spec, uint64_t pass, const double *p, int64_t vote,
                  int64_t *sums)
{
    int64_t *batch = sums + mcd_batch_of(pass, spec->group) * mcd_leaf_sums(spec);
    int64_t n = spec->outputs;
    for (int64_t k = 0; k < n; k++)
        batch[k] += mcd_in_units(p[k], MCD_PROBABILITY_UNIT);
    batch[n + vote]++;
    batch[2 * n] += mcd_in_units(p[n], MCD_ENTROPY_UNIT);
}

/* Mean and M2 of every channel of x [n][channels], in one walk. */
static void spread(const double *restrict x, uint64_t n, size_t channels, double *restrict mean,
                   double *restrict m2)
{
    memset(mean, 0, channels * sizeof *mean);
    memset(m2, 0, channels * sizeof *m2);
    for (uint64_t i = 1; i < n; i++)
        for (size_t c = 0; c < channels; c++)
            mcd_spread_add(x[c], x[i * channels + c], &mean[c], &m2[c]);
    for (size_t c = 0; c < channels && n > 0; c++) {
        m2[c] = mcd_spread_m2(mean[c], m2[c], (double)n);
        mean[c] = mcd_spread_mean(x[c], mean[c], (double)n);
    }
}

/* Means of the complete groups, [groups][channels], from channels [passes][channels]. */
static uint64_t average_groups(const struct mcd_moments_spec *spec, const struct mcd_leaf_input *in,
                               const double *x, double *mean)
{
    size_t channels = mcd_leaf_channels(spec);
    uint64_t groups = mcd_leaf_groups(spec, in->first, in->passes);
    uint64_t skipped = (spec->group - in->first % spec->group) % spec->group;
    for (uint64_t i = 0; i < groups; i++)
        for (size_t c = 0; c < channels; c++) {
            const double *member = x + (skipped + i * spec->group) * channels + c;
            double sum = 0.0;
            for (uint32_t j = 0; j < spec->group; j++)
                sum += member[j * channels] - member[0];
            mean[i * channels + c] = mcd_spread_mean(member[0], sum, spec->group);
        }
    return groups;
}

static double noise_of(const struct mcd_moments_spec *spec, int64_t output)
{
    return spec->meaning->noise ? spec->meaning->noise[output] : 0;
}

/* The passes x [passes][outputs] of a regression by their answers. */
static void tally(const struct mcd_moments_spec *spec, const struct mcd_leaf_input *in,
                  const double *x, double *values)
{
    for (int64_t k = 0; k < spec->outputs; k++) {
        struct mcd_tally *batch = mcd_leaf_tallies(spec, values, k);
        double answer = spec->meaning->target[in->row * spec->outputs + k];
        memset(batch, 0, MCD_BATCHES * sizeof *batch);
        for (uint64_t i = 0; i < in->passes; i++) {
            uint64_t pass = in->first + i;
            mcd_tally_add(&batch[pass / spec->group % MCD_BATCHES],
                          x[i * (uint64_t)spec->outputs + (uint64_t)k], answer, noise_of(spec, k),
                          i == 0 || pass % spec->group == 0);
        }
    }
}

static void merge_tallies(const struct mcd_moments_spec *spec, double *left, const double *right)
{
    size_t at = mcd_leaf_moments(spec);
    for (int64_t k = 0; k < spec->outputs; k++) {
        struct mcd_tally *a = mcd_leaf_tallies(spec, left, k);
        const struct mcd_tally *b = (const struct mcd_tally *)(right + at) + k * MCD_BATCHES;
        for (unsigned j = 0; j < MCD_BATCHES; j++)
            mcd_tally_merge(&a[j], &b[j], noise_of(spec, k));
    }
}

int mcd_leaf_compute(const struct mcd_moments_spec *spec, const struct mcd_leaf_input *in,
                     double *scratch, double *values, int64_t *sums, struct mcd_error *e)
{
    size_t channels = mcd_leaf_channels(spec);
    for (uint64_t i = 0; i < in->passes; i++) {
        double *x = scratch + i * channels;
        int status = load(spec, in, i, x, e);
        if (status)
            return status;
        if (spec->task != MCD_CLASSIFY)
            continue;
        double *p = x + spec->outputs; /* and their entropy behind them */
        int64_t vote = mcd_probabilities(x, spec->outputs, p, p + spec->outputs);
        if (sums)
            count(spec, in->first + i, p, vote, sums);
    }
    spread(scratch, in->passes, channels, values, values + channels);
    if (has_tallies(spec))
        tally(spec, in, scratch, values);
    if (spec->group == 1)
        return MCD_OK;
    double *mean = scratch + in->passes * channels, *grouped = values + 2 * channels;
    uint64_t groups = average_groups(spec, in, scratch, mean);
    spread(mean, groups, channels, grouped, grouped + channels);
    return MCD_OK;
}

/* a += b for `channels` means and M2 of na and nb values. */
static void merge(double *a, uint64_t na, const double *b, uint64_t nb, size_t channels)
{
    if (nb == 0)
        return;
    if (na == 0) {
        memcpy(a, b, 2 * channels * sizeof *a);
        return;
    }
    double total = (double)(na + nb), share = (double)nb / total;
    for (size_t c = 0; c < channels; c++)
        mcd_spread_join(&a[c], &a[channels + c], b[c], b[channels + c], share, (double)na * share);
}

void mcd_leaf_merge(const struct mcd_moments_spec *spec, uint64_t first, uint64_t left_passes,
                    uint64_t right_passes, double *left, const double *right)
{
    size_t channels = mcd_leaf_channels(spec);
    if (has_tallies(spec))
        merge_tallies(spec, left, right);
    merge(left, left_passes, right, right_passes, channels);
    if (spec->group > 1)
        merge(left + 2 * channels, mcd_leaf_groups(spec, first, left_passes), right + 2 * channels,
              mcd_leaf_groups(spec, first + left_passes, right_passes), channels);
}

double mcd_leaf_sd(const struct mcd_moments_spec *spec, const double *values, size_t channel,
                   uint64_t passes)
{
    double m2 = values[mcd_leaf_channels(spec) + channel];
    return passes > 1 ? sqrt(m2 / (double)(passes - 1)) : NAN;
}

/*
 * Variance of the sum of `passes` passes of one group, of which any two depend as any other two:
 * `one` is a pass's, `mean` that of a whole group's mean. The cut end of a balanced block is not
 * balanced, and counts for more than its share.
 */
static double cut_variance(uint64_t passes, uint32_t group, double one, double mean)
{
    double m = (double)passes, covariance = (group * mean - one) / (group - 1.0);
    return fmax(0, m * one + m * (m - 1) * covariance);
}

/* The mean of T passes in whole groups has the variance of group means times group / T. */
double mcd_leaf_mcse(const struct mcd_moments_spec *spec, const double *values, size_t channel,
                     uint64_t first, uint64_t passes)
{
    size_t channels = mcd_leaf_channels(spec);
    uint64_t groups = mcd_leaf_groups(spec, first, passes);
    double m2 = values[(spec->group > 1 ? 3 : 1) * channels + channel];
    if (groups < 2)
        return NAN;
    double mean = m2 / (double)(groups - 1);
    if (groups * spec->group == passes)
        return sqrt(mean * spec->group / (double)passes);
    double one = values[channels + channel] / (double)(passes - 1), size = spec->group;
    uint64_t begun = (spec->group - first % spec->group) % spec->group;
    uint64_t left = (first + passes) % spec->group;
    double sum = (double)groups * size * size * mean + cut_variance(begun, spec->group, one, mean) +
                 cut_variance(left, spec->group, one, mean);
    return sqrt(sum) / (double)passes;
}
