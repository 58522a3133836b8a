/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What `septet bridge` says at its start, each second and at its end. The summary shows the law of
 * the counters: what came has gone, was lost, or is still on the line.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "bridge/bridge.h"
#include "common/ports.h"

static const char *const impairment_names[SPT_IMPAIRMENTS] = {
    [SPT_IMPAIR_LOST] = "lost",
    [SPT_IMPAIR_DELAYED] = "delayed",
    [SPT_IMPAIR_REORDERED] = "reordered",
    [SPT_IMPAIR_DUPLICATED] = "duplicated",
    [SPT_IMPAIR_CORRUPTED] = "corrupted",
    [SPT_IMPAIR_DROPPED] = "dropped",
    [SPT_IMPAIR_MARKED] = "marked",
};

void
bridge_print_start(const struct bridge *bridge, const struct spt_eal_info *eal, const char *user)
{
	const struct spt_runtime_info *info = &bridge->ports.info;

	printf("%s\n", eal->summary);
	ports_print_start(&bridge->options.link, info, 1);
	printf("memory: %.1f MiB for %" PRIu32 " mbufs\n", (double)info->mbuf_bytes / (1 << 20),
	    info->mbufs);
	printf("%s\n", user);
	/* Scripts wait for this line. */
	printf("ready\n");
	fflush(stdout);
}

static void
second_way(const char *name, const struct bridge_way *n, const struct bridge_way *o, double seconds)
{
	printf("%s %.0f frames/s %.3f Mbit/s, lost %" PRIu64 " dropped %" PRIu64 " marked %" PRIu64
	       " refused %" PRIu64 ", %" PRIu64 " on the line",
	    name, (double)(n->out - o->out) / seconds,
	    (double)(n->out_bytes - o->out_bytes) * 8e-6 / seconds,
	    n->impaired[SPT_IMPAIR_LOST] - o->impaired[SPT_IMPAIR_LOST],
	    n->impaired[SPT_IMPAIR_DROPPED] - o->impaired[SPT_IMPAIR_DROPPED],
	    n->impaired[SPT_IMPAIR_MARKED] - o->impaired[SPT_IMPAIR_MARKED],
	    n->refused - o->refused, n->held);
}

void
bridge_print_second(const struct bridge_stats *now, const struct bridge_stats *last)
{
	double seconds = (double)(now->now - last->now) / 1e9;

	if (seconds <= 0)
		return;
	second_way("1>2", &now->way[0], &last->way[0], seconds);
	second_way("; 2>1", &now->way[1], &last->way[1], seconds);
	printf("\n");
	fflush(stdout);
}

static void
end_way(const struct bridge *bridge, unsigned int from, double seconds)
{
	const struct bridge_way *w = &bridge->stats.way[from];
	const struct link_options *link = &bridge->options.link;

	printf("%s > %s: %" PRIu64 " frames (%" PRIu64 " bytes) in, %" PRIu64 " (%" PRIu64
	       ") out, %.3f Mbit/s\n",
	    link->port[from].spec.text, link->port[!from].spec.text, w->in, w->in_bytes, w->out,
	    w->out_bytes, seconds > 0 ? (double)w->out_bytes * 8e-6 / seconds : 0.0);
	for (unsigned int i = 0; i < SPT_IMPAIRMENTS; i++)
		if (w->impaired[i])
			printf("  %-16s%16" PRIu64 "\n", impairment_names[i], w->impaired[i]);
	if (w->queue_longest)
		printf("  longest queue %" PRIu64 " frames, heaviest %" PRIu64 " bytes\n",
		    w->queue_longest, w->queue_heaviest);
	if (w->missed || w->no_mbuf)
		printf("  before us: %" PRIu64 " missed, %" PRIu64 " without a buffer\n", w->missed,
		    w->no_mbuf);
}

static bool
end_law(const struct bridge *bridge, unsigned int from)
{
	const struct bridge_way *w = &bridge->stats.way[from];
	bool fine = bridge_way_adds_up(w);

	printf("%u>%u: in %" PRIu64 " + duplicated %" PRIu64 " = out %" PRIu64 " + lost %" PRIu64
	       " + dropped %" PRIu64 " + refused %" PRIu64 " + on the line %" PRIu64 ": %s\n",
	    from + 1, 2 - from, w->in, w->impaired[SPT_IMPAIR_DUPLICATED], w->out,
	    w->impaired[SPT_IMPAIR_LOST], w->impaired[SPT_IMPAIR_DROPPED], w->refused, w->held,
	    fine ? "ok" : "WRONG");
	return fine;
}

static void
json_count(json_t *to, const char *name, uint64_t value)
{
	json_object_set_new(to, name, json_integer((json_int_t)value));
}

/* What the user typed may be no UTF-8. */
static void
json_name(json_t *to, const char *name, const char *text)
{
	json_t *s = json_string(text);

	json_object_set_new(to, name, s ? s : json_null());
}

static json_t *
json_way(const struct bridge *bridge, unsigned int from)
{
	const struct bridge_way *w = &bridge->stats.way[from];
	const struct link_options *link = &bridge->options.link;
	json_t *o = json_object();

	json_name(o, "from", link->port[from].spec.text);
	json_name(o, "to", link->port[!from].spec.text);
	json_count(o, "in", w->in);
	json_count(o, "in_bytes", w->in_bytes);
	json_count(o, "out", w->out);
	json_count(o, "out_bytes", w->out_bytes);
	for (unsigned int i = 0; i < SPT_IMPAIRMENTS; i++)
		json_count(o, impairment_names[i], w->impaired[i]);
	json_count(o, "refused", w->refused);
	json_count(o, "held", w->held);
	json_count(o, "missed", w->missed);
	json_count(o, "no_mbuf", w->no_mbuf);
	json_count(o, "queue_longest", w->queue_longest);
	json_count(o, "queue_heaviest", w->queue_heaviest);
	json_object_set_new(o, "adds_up", json_boolean(bridge_way_adds_up(w)));
	return o;
}

static int
end_json(struct bridge *bridge, double seconds, unsigned int mbufs_lost, bool fine)
{
	struct output *out = &bridge->options.json;
	json_t *o = json_object(), *ways = json_array();
	int bad;

	json_array_append_new(ways, json_way(bridge, 0));
	json_array_append_new(ways, json_way(bridge, 1));
	json_object_set_new(o, "seconds", json_real(seconds));
	json_object_set_new(o, "ways", ways);
	json_count(o, "mbufs_lost", mbufs_lost);
	json_object_set_new(o, "ok", json_boolean(fine));
	output_begin(out);
	bad = json_dumpf(o, out->f, JSON_INDENT(2));
	fputc('\n', out->f);
	json_decref(o);
	return output_end(out) | bad;
}

bool
bridge_print_end(struct bridge *bridge, const struct spt_runtime_leaks *leaks)
{
	double seconds = (double)(bridge->ended - bridge->begun) / 1e9;
	bool quiet = bridge->options.link.quiet, fine = leaks->mbufs == 0, written = true;

	for (unsigned int i = 0; i < 2; i++) {
		if (!quiet)
			end_way(bridge, i, seconds);
		fine &= end_law(bridge, i);
	}
	printf("mbufs not given back: %u: %s\n", leaks->mbufs, leaks->mbufs ? "WRONG" : "ok");
	if (leaks->driver && !quiet)
		printf("mbufs that the driver kept, as it always does: %u\n", leaks->driver);
	if (bridge->options.json.f)
		written = end_json(bridge, seconds, leaks->mbufs, fine) == 0;
	if (!written)
		fprintf(stderr, "septet bridge: --json '%s' could not be written\n",
		    bridge->options.json.path);
	return output_printed("septet bridge") && written && fine;
}
