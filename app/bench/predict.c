/* SPDX-License-Identifier: BSD-3-Clause */
/* How long the source ports last. */
#include <stdio.h>

#include <rte_common.h>

#include "base/addr.h"
#include "bench/check.h"
#include "bench/predict.h"

uint64_t
predict_tuples(const struct bench_options *o)
{
	uint64_t ports = (uint64_t)o->port_last - o->port_first + 1, tuples = 0;

	for (unsigned int i = 0; i < o->n_target; i++) {
		const struct spt_local *local = link_locals(&o->link, o->target_port[i]);
		bool v4 = addr_is_v4(&o->target[i].addr);

		for (unsigned int j = 0; j < o->link.of[o->target_port[i]].n_local; j++)
			if (addr_is_v4(&local[j].first) == v4)
				tuples += local[j].count * ports;
	}
	return tuples;
}

double
predict_seconds(const struct bench_options *o, double connections)
{
	uint64_t tuples = predict_tuples(o);
	double needed, kept;

	/* Only who closes first keeps the tuple. */
	if (o->close != CLOSE_CLIENT || connections <= 0)
		return -1;
	kept = (double)o->engine.timewait * bench_options_engines(o);
	needed = RTE_MIN(connections * 2 * o->engine.msl_ms / 1e3, kept);
	return needed > (double)tuples ? (double)tuples / connections : -1;
}

double
predict_connections(const struct bench_options *o)
{
	double rate = o->ramp ? RTE_MAX(o->ramp_from, o->ramp_to) : o->rate;

	if (o->mode == MODE_REQUESTS)
		return o->requests ? rate / o->requests : 0;
	return o->mode == MODE_CONNECTIONS ? rate : 0;
}

bool
predict_text(const struct bench_options *o, double connections, char *text, size_t size)
{
	double seconds = predict_seconds(o, connections);

	if (seconds < 0 || (o->duration_ms && seconds * 1e3 > o->duration_ms))
		return false;
	snprintf(text, size,
	    "at %.0f connections/s and 2MSL of %g s the %llu source ports last %.*f s; add "
	    "addresses (--address A-B/P) or shorten 2MSL (--msl)",
	    connections, 2 * o->engine.msl_ms / 1e3, (unsigned long long)predict_tuples(o),
	    seconds < 10 ? 3 : 0, seconds);
	return true;
}
