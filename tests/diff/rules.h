/* SPDX-License-Identifier: BSD-3-Clause */
/* What is compared of two outcomes, and on what Linux and septet are known to differ. */
#ifndef TESTS_DIFF_RULES_H
#define TESTS_DIFF_RULES_H

#include "talk.h"

struct rule {
	const char *name;
	const char *reason; /* one line; docs/conformance.md has more */
	bool (*explains)(const struct conversation *c, const struct outcome *linux_,
	    const struct outcome *septet);
};

extern const struct rule rules[];
extern const unsigned int n_rules;

/* The first difference in words, into text of at least 200 bytes; false: there is none. */
bool outcome_differs(const struct outcome *linux_, const struct outcome *septet, char *text);

/* The rule that explains it, or -1. */
int rule_find(
    const struct conversation *c, const struct outcome *linux_, const struct outcome *septet);

#endif
