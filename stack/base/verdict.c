/* SPDX-License-Identifier: BSD-3-Clause */
/* Names and explanations of the verdicts, from the one list in the public header. */
#include <septet/stats.h>

static const char *const names[SPT_V_COUNT] = {[SPT_V_CONTINUE] = "continue",
#define X(name, snake, text) [SPT_V_##name] = snake,
    SPT_VERDICTS(X)
#undef X
};

static const char *const texts[SPT_V_COUNT] = {[SPT_V_CONTINUE] = "not yet decided",
#define X(name, snake, text) [SPT_V_##name] = text,
    SPT_VERDICTS(X)
#undef X
};

const char *
spt_verdict_name(enum spt_verdict v)
{
	return names[v];
}

const char *
spt_verdict_text(enum spt_verdict v)
{
	return texts[v];
}
