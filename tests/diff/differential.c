/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * differential [--seeds N] [--from S] [--interface NAME] [--rules] [--show]
 *
 * Conversations from the seeds S .. S + N - 1, each held with the kernel and with septet, whose
 * outcomes are compared. tests/e2e/differential makes the namespace and the device.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lib/env.h>

#include "ends.h"
#include "rules.h"

#define AT_ONCE 200

static struct {
	uint64_t from, seeds;
	const char *interface;
	bool show;
	unsigned int same, failed, explained[32];
} run = {.from = 1, .seeds = 600, .interface = "spt0"};

struct spt_addr
ends_local(bool ipv6)
{
	if (ipv6)
		return (struct spt_addr){.b = {0xfd, 0, 0, 0x99, [15] = 1}};
	return (struct spt_addr){.b = {[10] = 0xff, 0xff, 10, 99, 0, 1}};
}

void
ends_address(struct talk *t, uint16_t peer_port)
{
	t->local.addr = t->remote.addr = ends_local(t->c->ipv6);
	t->remote.addr.b[15] = 2;
	t->remote.port = peer_port;
	t->local.port = t->c->active ? (uint16_t)(ENDS_SERVICE + 1) : ENDS_SERVICE;
}

static void
show(const struct conversation *c, const struct talk *kernel, const struct talk *septet)
{
	char text[120];

	printf("  %s, IPv%d%s%s, scale %d, MSS %u, ISS %u, %s\n",
	    c->active ? "active open" : "passive open", c->ipv6 ? 6 : 4,
	    c->ts ? ", timestamps" : "", c->sack ? ", SACK" : "", c->wscale, c->mss, c->iss,
	    c->ending == ENDING_LEAVE ? "left" : "finished");
	for (unsigned int i = 0; i < c->n; i++)
		printf("  %2u %s\n", i, step_text(&c->step[i], text));
	talk_ladder(kernel, "Linux");
	talk_ladder(septet, "septet");
}

static void
compare(const struct conversation *c, const struct talk *kernel, const struct talk *septet)
{
	char text[200];
	int rule;

	/* There a second connection may follow, whose stream begins elsewhere. */
	if ((kernel->out.wrong_bytes || septet->out.wrong_bytes) && c->odd != ODD_SYN_FIN &&
	    c->odd != ODD_SYN_AGAIN) {
		run.failed++;
		printf("FAIL seed %llu: wrong bytes\n", (unsigned long long)c->seed);
		show(c, kernel, septet);
		return;
	}
	if (!outcome_differs(&kernel->out, &septet->out, text)) {
		run.same++;
		if (run.show)
			show(c, kernel, septet);
		return;
	}
	rule = rule_find(c, &kernel->out, &septet->out);
	if (rule >= 0) {
		run.explained[rule]++;
		if (run.show)
			printf("seed %llu: %s: %s\n", (unsigned long long)c->seed, rules[rule].name,
			    text);
	} else {
		run.failed++;
		printf("FAIL seed %llu: %s\n", (unsigned long long)c->seed, text);
	}
	if (rule < 0 || run.show)
		show(c, kernel, septet);
}

static void
batch(uint64_t from, unsigned int n)
{
	static struct conversation c[AT_ONCE];
	static struct talk kernel[AT_ONCE], septet;

	for (unsigned int i = 0; i < n; i++)
		conversation_make(&c[i], from + i);
	kernel_converse(kernel, c, n);
	for (unsigned int i = 0; i < n; i++) {
		engine_converse(&septet, &c[i]);
		compare(&c[i], &kernel[i], &septet);
		talk_fini(&septet);
		talk_fini(&kernel[i]);
	}
}

static void
parse(int argc, char **argv)
{
	static const struct option options[] = {{"seeds", required_argument, NULL, 'n'},
	    {"from", required_argument, NULL, 'f'}, {"interface", required_argument, NULL, 'i'},
	    {"rules", no_argument, NULL, 'r'}, {"show", no_argument, NULL, 's'}, {0}};
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (o) {
		case 'n': run.seeds = strtoull(optarg, NULL, 10); break;
		case 'f': run.from = strtoull(optarg, NULL, 10); break;
		case 'i': run.interface = optarg; break;
		case 's': run.show = true; break;
		case 'r':
			for (unsigned int i = 0; i < n_rules; i++)
				printf("%-20s %s\n", rules[i].name, rules[i].reason);
			exit(0);
		default:
			fprintf(stderr, "usage: differential [--seeds N] [--from S] [--interface "
			                "NAME] [--rules] [--show]\n");
			exit(2);
		}
	}
}

int
main(int argc, char **argv)
{
	parse(argc, argv);
	kernel_begin(run.interface);
	env_start();
	for (uint64_t done = 0; done < run.seeds; done += AT_ONCE)
		batch(run.from + done, (unsigned int)RTE_MIN(run.seeds - done, (uint64_t)AT_ONCE));
	kernel_end();
	for (unsigned int i = 0; i < n_rules; i++) {
		if (run.explained[i] > 0)
			printf("differs by rule %s: %u\n", rules[i].name, run.explained[i]);
	}
	printf("%u conversations alike, %u not\n", run.same, run.failed);
	return run.failed == 0 && run.same > 0 ? 0 : 1;
}
