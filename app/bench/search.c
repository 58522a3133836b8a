/* SPDX-License-Identifier: BSD-3-Clause */
/* The search: steps until a rate passed and a higher one failed, halves, a confirmation. */
#include <stdio.h>

#include "bench/search.h"

void
search_begin(struct search *s, double region)
{
	*s = (struct search){.state = SEARCH_TRYING, .rate = region > 1 ? region : 1};
}

void
search_judge(struct search_trial *t, double rate, double seconds, uint64_t attempted,
    const struct bench_totals *totals, double max_failures)
{
	double n = (double)attempted, due = rate * seconds;
	double tried = n > (double)totals->attempts ? n : (double)totals->attempts;
	uint64_t failed = bench_failures_sum(&totals->failed);

	*t = (struct search_trial){
	    .asked = rate,
	    .begun_share = due > 0 ? n / due : 0,
	    .done_share = due > 0 ? (tried - (double)failed) / due : 0,
	    .late_share = tried > 0 ? (double)totals->late / tried : 0,
	    .late_ns = (double)totals->late_ns,
	    .failures_share = tried > 0 ? (double)failed / tried : 1,
	};
	if (tried <= 0 || (attempted == 0 && failed == 0))
		t->verdict = SEARCH_EMPTY;
	else if (t->failures_share > max_failures)
		t->verdict = SEARCH_FAILURES;
	/* Of a handful of attempts one more or less is no sign. */
	else if (t->begun_share < SEARCH_OFFERED && n + 1 < due)
		t->verdict = SEARCH_BEHIND;
	else if (t->late_share > SEARCH_LATE && t->late_ns > SEARCH_LATE_NS)
		t->verdict = SEARCH_LATENESS;
	else
		t->verdict = SEARCH_PASSED;
}

/* Where to go when the rate counts as passed or failed. */
static void
search_step(struct search *s)
{
	bool met = s->low > 0 && s->high > 0 && s->high - s->low <= s->low * SEARCH_PRECISION;

	s->trials++;
	if (met && s->high != s->asked_again) {
		/* It may have failed for what else the machine did then, and all below it passed.
		 */
		s->rate = s->asked_again = s->high;
	} else if (met) {
		s->state = SEARCH_CONFIRMING;
		s->rate = s->low;
	} else if (s->low > 0) {
		s->rate = s->low * (1 + SEARCH_STEP);
		if (s->high > 0 && (s->low + s->high) / 2 < s->rate)
			s->rate = (s->low + s->high) / 2;
	} else {
		s->rate = s->high * (1 - SEARCH_STEP);
		if (s->achieved > 0 && s->achieved < s->rate)
			s->rate = s->achieved;
	}
	if (s->state != SEARCH_TRYING)
		return;
	if (s->trials >= SEARCH_TRIALS || s->rate < 1) {
		s->state = s->low > 0 ? SEARCH_CONFIRMING : SEARCH_NOTHING;
		s->rate = s->low > 0 ? s->low : s->rate;
	}
}

/* Not confirmed: a step down, or to what was achieved where that is less. */
static void
search_confirm(struct search *s, bool passed)
{
	double step = s->rate * (1 - SEARCH_BACK);

	s->confirms++;
	if (passed)
		s->state = SEARCH_FOUND;
	else if (s->confirms >= SEARCH_CONFIRMS)
		s->state = SEARCH_NOTHING;
	else
		s->rate = s->achieved > 0 && s->achieved < step ? s->achieved : step;
}

void
search_next(struct search *s, const struct search_trial *t)
{
	double achieved = t->asked * t->done_share;
	bool passed = t->verdict == SEARCH_PASSED;

	if (!passed && !s->again) {
		s->again = true;
		s->achieved = achieved;
		return;
	}
	s->again = false;
	if (achieved > s->achieved)
		s->achieved = achieved;
	if (s->state == SEARCH_CONFIRMING) {
		search_confirm(s, passed);
	} else if (s->state == SEARCH_TRYING) {
		if (passed)
			s->low = s->rate;
		else
			s->high = s->rate;
		if (s->low >= s->high)
			s->high = 0;
		search_step(s);
	}
}

const char *
search_text(const struct search *before, const struct search_trial *t, char *text, size_t size)
{
	static const char *const words[] = {
	    [SEARCH_PASSED] = "passed",
	    [SEARCH_FAILURES] = "too many failures",
	    [SEARCH_BEHIND] = "fell behind",
	    [SEARCH_LATENESS] = "fell behind",
	    [SEARCH_EMPTY] = "nothing was attempted",
	};
	bool once_more = t->verdict != SEARCH_PASSED && !before->again;

	snprintf(text, size,
	    "%.0f/s: %s (begun %.1f %%, failed %.2f %%, late %.1f %%, the latest by %.0f ms)%s",
	    t->asked, words[t->verdict], 100 * t->begun_share, 100 * t->failures_share,
	    100 * t->late_share, t->late_ns / 1e6, once_more ? "; once more" : "");
	return text;
}
