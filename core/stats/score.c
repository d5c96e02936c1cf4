/* Scores: facts of every row first, then what they give over the set. */
#include "core/stats/score.h"

#include "core/base/error.h"
#include "core/base/host.h"
#include "core/stats/leaf.h"
#include "core/stats/mean.h"
#include "core/stats/ranking.h"

#include <mcdrop/model.h>
#include <mcdrop/moments.h>

#include <float.h>
#include <inttypes.h>
#include <math.h>

static const char *const names[MCD_SCORES] = {
    "errors",
    "accuracy",
    "nll",
    "brier",
    "ece",
    "entropy_right",
    "entropy_wrong",
    "auroc",
    "accuracy_without_0",
    "accuracy_without_1",
    "accuracy_without_2",
    "accuracy_without_5",
    "accuracy_without_10",
    "accuracy_without_20",
    "accuracy_without_50",
};

static const int percent[MCD_SCORES - MCD_WITHOUT_0] = {0, 1, 2, 5, 10, 20, 50};

const char *mcd_score_name(enum mcd_score_id id)
{
    return names[id];
}

/* All that the scores need of a row. */
struct fact {
    double confidence, entropy, nll, brier;
    int correct;
};

/* A set of rows under one set of probabilities. */
struct set {
    const struct mcd_host *host;
    int64_t rows, classes;
    const int64_t *labels;
    struct fact *fact;         /* [rows] */
    struct mcd_ranked *ranked; /* [rows], scratch */
    double *p;                 /* [classes], scratch */
};

/* Probabilities of the label count at least `floor`: 0 would make the logarithm infinite. */
static struct fact judge(const double *p, int64_t n, int64_t label, double floor)
{
    struct fact f = {.entropy = mcd_entropy(p, n)};
    int64_t top = mcd_largest(p, n);
    for (int64_t k = 0; k < n; k++) {
        double d = p[k] - (k == label);
        f.brier += d * d;
    }
    f.confidence = p[top];
    f.correct = top == label;
    f.nll = -log(fmax(p[label], floor));
    return f;
}

/* Bins are closed on the right, as in Guo et al. */
static unsigned bin_of(double confidence)
{
    double place = ceil(confidence * MCD_BINS) - 1.0;
    return place < 0.0 ? 0 : place >= MCD_BINS ? MCD_BINS - 1 : (unsigned)place;
}

static void fill_bins(const struct set *set, struct mcd_bin *bin)
{
    for (unsigned i = 0; i < MCD_BINS; i++)
        bin[i] = (struct mcd_bin){0};
    for (int64_t row = 0; row < set->rows; row++) {
        struct mcd_bin *b = &bin[bin_of(set->fact[row].confidence)];
        b->count++;
        b->confidence += set->fact[row].confidence;
        b->accuracy += set->fact[row].correct;
    }
    for (unsigned i = 0; i < MCD_BINS; i++) {
        bin[i].confidence /= (double)bin[i].count; /* 0 / 0: NaN in an empty bin */
        bin[i].accuracy /= (double)bin[i].count;
    }
}

static struct mcd_score finish(const struct mcd_mean *m)
{
    return (struct mcd_score){.value = mcd_mean_value(m), .test_se = mcd_mean_error(m)};
}

static void score_means(const struct set *set, const struct mcd_bin *bin, struct mcd_score *score)
{
    struct mcd_mean correct = {0}, nll = {0}, brier = {0}, gap = {0};
    struct mcd_mean right = {0}, wrong = {0};
    for (int64_t row = 0; row < set->rows; row++) {
        const struct fact *f = &set->fact[row];
        const struct mcd_bin *b = &bin[bin_of(f->confidence)];
        double signed_gap = f->confidence - f->correct;
        mcd_mean_add(&correct, f->correct);
        mcd_mean_add(&nll, f->nll);
        mcd_mean_add(&brier, f->brier);
        mcd_mean_add(&gap, b->confidence < b->accuracy ? -signed_gap : signed_gap);
        mcd_mean_add(f->correct ? &right : &wrong, f->entropy);
    }
    score[MCD_ACCURACY] = finish(&correct);
    score[MCD_NLL] = finish(&nll);
    score[MCD_BRIER] = finish(&brier);
    score[MCD_ECE] = finish(&gap);
    score[MCD_ENTROPY_RIGHT] = finish(&right);
    score[MCD_ENTROPY_WRONG] = finish(&wrong);
}

static void score_ranking(const struct set *set, struct mcd_score *score)
{
    size_t n = (size_t)set->rows, wrong = 0;
    for (size_t i = 0; i < n; i++) {
        const struct fact *f = &set->fact[i];
        set->ranked[i] = (struct mcd_ranked){f->entropy, f->correct};
        wrong += !f->correct;
    }
    mcd_ranking_sort(set->ranked, n);
    score[MCD_ERRORS].value = (double)wrong;
    score[MCD_ERRORS].test_se = (double)n * score[MCD_ACCURACY].test_se;
    score[MCD_AUROC].value = mcd_ranking_auroc(set->ranked, n, &score[MCD_AUROC].test_se);
    for (unsigned i = MCD_WITHOUT_0; i < MCD_SCORES; i++) {
        size_t aside = n * (size_t)percent[i - MCD_WITHOUT_0] / 100;
        score[i].value = mcd_ranking_accuracy(set->ranked, n, aside, &score[i].test_se);
    }
}

/* Values and test-set errors of the facts; Monte-Carlo errors 0. */
static void evaluate(const struct set *set, struct mcd_scores *s)
{
    *s = (struct mcd_scores){.rows = set->rows};
    fill_bins(set, s->bin);
    score_means(set, s->bin, s->score);
    score_ranking(set, s->score);
}

int mcd_labels_check(const int64_t *labels, int64_t rows, int64_t classes, struct mcd_error *e)
{
    for (int64_t row = 0; row < rows; row++)
        if (labels[row] < 0 || labels[row] >= classes)
            return mcd_fail(e, MCD_INVALID, "labels",
                            "row %" PRId64 " has label %" PRId64 ": expected 0 to %" PRId64, row,
                            labels[row], classes - 1);
    return MCD_OK;
}

static int open_set(struct set *set, struct mcd_error *e)
{
    size_t rows = (size_t)set->rows, classes = (size_t)set->classes;
    int status = mcd_labels_check(set->labels, set->rows, set->classes, e);
    if (status)
        return status;
    int complete = (set->fact = mcd_host_zalloc(set->host, rows * sizeof *set->fact, e)) &&
                   (set->ranked = mcd_host_zalloc(set->host, rows * sizeof *set->ranked, e)) &&
                   (set->p = mcd_host_zalloc(set->host, classes * sizeof *set->p, e));
    return complete ? MCD_OK : MCD_NOMEM;
}

static void close_set(struct set *set)
{
    set->host->release(set->host, set->fact);
    set->host->release(set->host, set->ranked);
    set->host->release(set->host, set->p);
}

static void judge_all(struct set *set, const double *probability)
{
    for (int64_t row = 0; row < set->rows; row++)
        set->fact[row] =
            judge(probability + row * set->classes, set->classes, set->labels[row], DBL_MIN);
}

/* Facts under the mean of some batches, in the batches' fixed point. */
static void judge_batches(struct set *set, const int64_t *sums, uint16_t mask, uint64_t passes)
{
    int64_t n = set->classes;
    double unit = MCD_PROBABILITY_UNIT / (double)passes;
    for (int64_t row = 0; row < set->rows; row++, sums += MCD_BATCHES * n) {
        for (int64_t k = 0; k < n; k++) {
            int64_t total = 0;
            for (unsigned j = 0; j < MCD_BATCHES; j++)
                total += mask >> j & 1 ? sums[j * n + k] : 0;
            set->p[k] = (double)total * unit;
        }
        set->fact[row] = judge(set->p, n, set->labels[row], MCD_PROBABILITY_UNIT / 2.0);
    }
}

static void put_errors(struct mcd_scores *s, struct set *set, const struct mcd_summary *m)
{
    double half[MCD_SCORES][MCD_HALVES];
    struct mcd_scores part;
    for (unsigned i = 0; i < MCD_HALVES; i++) {
        if (m->halves.passes[i] > 0) {
            judge_batches(set, m->batch_probability, m->halves.mask[i], m->halves.passes[i]);
            evaluate(set, &part);
        }
        for (unsigned j = 0; j < MCD_SCORES; j++)
            half[j][i] = m->halves.passes[i] > 0 ? part.score[j].value : NAN;
    }
    judge_batches(set, m->batch_probability, 0xffff, m->spec.passes);
    evaluate(set, &part);
    for (unsigned j = 0; j < MCD_SCORES; j++)
        s->score[j].mc_se = mcd_halves_error(&m->halves, part.score[j].value, half[j]);
}

int mcd_scores_deterministic(const struct mcd_host *host, struct mcd_scores *s,
                             const double *probability, int64_t rows, int64_t classes,
                             const int64_t *labels, struct mcd_error *e)
{
    struct set set = {.host = host, .rows = rows, .classes = classes, .labels = labels};
    int status = open_set(&set, e);
    if (status == MCD_OK) {
        judge_all(&set, probability);
        evaluate(&set, s);
    }
    close_set(&set);
    return status;
}

int mcd_scores_monte_carlo(struct mcd_scores *s, const struct mcd_summary *m, const int64_t *labels,
                           struct mcd_error *e)
{
    struct set set = {
        .host = m->host, .rows = m->spec.rows, .classes = m->spec.outputs, .labels = labels};
    if (m->spec.task != MCD_CLASSIFY)
        return mcd_fail(e, MCD_INVALID, "scores", "regression has none of these yet");
    int status = open_set(&set, e);
    if (status == MCD_OK) {
        judge_all(&set, m->probability_mean);
        evaluate(&set, s);
        put_errors(s, &set, m);
    }
    close_set(&set);
    return status;
}
