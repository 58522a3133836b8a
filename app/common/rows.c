/* SPDX-License-Identifier: BSD-3-Clause */
/* The rows of options that subcommands have in common. */
#include <rte_common.h>

#include "common/rows.h"

#define LINK(field)                                                                                \
	.offset = offsetof(struct link_options, field),                                            \
	.width = sizeof(((struct link_options *)0)->field)
#define ENGINE(field)                                                                              \
	.offset = offsetof(struct spt_config, field),                                              \
	.width = sizeof(((struct spt_config *)0)->field)
#define CONN(field)                                                                                \
	.offset = offsetof(struct spt_conn_options, field),                                        \
	.width = sizeof(((struct spt_conn_options *)0)->field)

static const struct option_row port_rows[] = {
    {GROUP_PORT, "port", "SPEC", NULL, "tap:sept0",
        "where frames come from and go to: tap:NAME, af_packet:IFACE, af_xdp:IFACE, "
        "memif:SOCKET[,role=server], vhost:PATH, virtio_user:PATH, pci:ADDRESS, "
        "vdev:DPDK-DEVICE-STRING, and of bench memory (its default): a server in the same "
        "process; up to 8 times",
        OPTION_PARSED, .many = true, .parse = link_parse_port},
    {GROUP_PORT, "address", "IP/PREFIX", NULL, "10.0.0.1/24",
        "an address of ours, or a run of them such as 10.0.0.1-10.0.0.9/24; may be repeated, "
        "IPv4 and IPv6",
        OPTION_PARSED, .many = true, .parse = link_parse_address},
    {GROUP_PORT, "gateway", "IP", NULL, "10.0.0.254",
        "the router for everything else; one for each family", OPTION_PARSED, .many = true,
        .parse = link_parse_gateway},
    {GROUP_PORT, "vlan", "ID", NULL, "100", "frames carry this 802.1Q tag (default: none)",
        OPTION_NUMBER, .many = true, LINK(vlan), .min = 1, .max = 4094, .parse = link_stored_vlan},
    {GROUP_PORT, "mtu", "BYTES", "1500", NULL, "largest IP packet of the link", OPTION_BYTES,
        .many = true, LINK(mtu), .min = 1280, .max = 9600, .parse = link_stored_mtu},
    {GROUP_PORT, "receive-merging", "WHEN", "off", NULL,
        "take in-order segments of a connection that arrive together as one (TCP over IPv4): on or "
        "off (docs/ports.md)",
        OPTION_PARSED, .many = true, .parse = link_parse_merging},
    {GROUP_PORT, "tso", "WHEN", "auto", NULL,
        "large sends that the device cuts into segments: auto, where it can, or off", OPTION_PARSED,
        .many = true, .parse = link_parse_tso},
};

static const struct option_row impair_rows[] = {
    {GROUP_PORT, "impair", "SPEC", NULL, "loss=2%,delay=20ms",
        "spoil the link, by a list joined with commas: loss=2%, burst-loss=1%:4, delay=20ms, "
        "jitter=1ms, reorder=0.5%, duplicate=1%, corrupt=0.1%, rate=100Mbit, buffer=100, ecn=20, "
        "ce=1%, queue=1000, seed=7; rx.loss= or tx.loss= for one direction (docs/bridge.md)",
        OPTION_PARSED, .many = true, .parse = link_parse_impair},
};

static const struct option_row run_rows[] = {
    {GROUP_CORES, "lcores", "LIST", NULL, "0-3",
        "which cores, as EAL's --lcores (default: the first that we may use)", OPTION_STRING,
        LINK(lcores)},
    {GROUP_CORES, "idle-sleep", "WHEN", "auto", NULL,
        "nap up to 100 us when nothing happens: on, off, or auto: on ports without a NIC that "
        "lead out of this process",
        OPTION_PARSED, .parse = link_parse_idle},
    {GROUP_CORES, "user", "NAME", NULL, "nobody",
        "who to become when the ports are open, if their kind needs root no longer; root keeps "
        "all privileges (default: who called sudo, else nobody)",
        OPTION_PARSED, .parse = link_parse_user},
    {GROUP_RUN, "config", "FILE", NULL, "septet.ini",
        "more options, in a section named as the subcommand; those of the command line win "
        "(docs/config.md)",
        OPTION_CONFIG, LINK(config)},
    {GROUP_RUN, "quiet", NULL, NULL, NULL, "no line each second, a short summary", OPTION_FLAG,
        LINK(quiet)},
};

static const struct option_row engine_rows[] = {
    {GROUP_TCP, "msl", "TIME", "30s", NULL, "maximum segment lifetime; TIME-WAIT lasts twice that",
        OPTION_TIME, ENGINE(msl_ms), .min = 1, .max = 600000},
    {GROUP_TCP, "rto-min", "TIME", "200ms", NULL,
        "shortest retransmission time-out; RFC 6298 says 1s", OPTION_TIME, ENGINE(rto_min_ms),
        .min = 1, .max = 60000},
    {GROUP_TCP, "delayed-ack", "TIME", "10ms", NULL,
        "how long an acknowledgment waits for a second segment, or for data to ride on",
        OPTION_TIME, ENGINE(delayed_ack_ms), .min = 1, .max = 499},
};

static const char *const congestion_words[SPT_CONGESTION_ALGORITHMS] = {
    [SPT_CONGESTION_CUBIC] = "cubic", [SPT_CONGESTION_NEWRENO] = "newreno"};

static const char *const ecn_words[] = {
    [SPT_ECN_ACCEPT] = "accept", [SPT_ECN_ASK] = "ask", [SPT_ECN_NEVER] = "never"};

static int
parse_congestion(void *target, const char *value, char *error, size_t error_size)
{
	struct spt_conn_options *conn = target;
	int chosen =
	    option_choice(value, congestion_words, RTE_DIM(congestion_words), error, error_size);

	conn->congestion = (uint8_t)RTE_MAX(chosen, 0);
	return RTE_MIN(chosen, 0);
}

static int
parse_ecn(void *target, const char *value, char *error, size_t error_size)
{
	struct spt_conn_options *conn = target;
	int chosen = option_choice(value, ecn_words, RTE_DIM(ecn_words), error, error_size);

	conn->ecn = (uint8_t)RTE_MAX(chosen, 0);
	return RTE_MIN(chosen, 0);
}

static const struct option_row conn_rows[] = {
    {GROUP_TCP, "receive-buffer", "BYTES", "256K", NULL, "window that a connection begins with",
        OPTION_BYTES, CONN(receive_buffer), .min = 1024, .max = 1 << 30},
    {GROUP_TCP, "receive-buffer-max", "BYTES", "4M", NULL,
        "what that window may grow to (--receive-buffer where that is larger)", OPTION_BYTES,
        CONN(receive_buffer_max), .min = 1024, .max = 1 << 30},
    {GROUP_TCP, "send-buffer", "BYTES", "256K", NULL,
        "unacknowledged and unsent bytes of a connection", OPTION_BYTES, CONN(send_buffer),
        .min = 1024, .max = 1 << 30},
    {GROUP_TCP, "keepalive", NULL, NULL, NULL,
        "probe idle connections (after 2 h, then 9 times, 75 s apart)", OPTION_FLAG,
        CONN(keepalive)},
    {GROUP_TCP, "nodelay", NULL, NULL, NULL,
        "without Nagle's algorithm (what writes whole messages always is)", OPTION_FLAG,
        CONN(nodelay)},
    {GROUP_TCP, "no-delayed-ack", NULL, NULL, NULL, "acknowledge at once", OPTION_FLAG,
        CONN(no_delayed_ack)},
    {GROUP_TCP, "no-timestamps", NULL, NULL, NULL, "without the timestamps option (RFC 7323)",
        OPTION_FLAG, CONN(no_timestamps)},
    {GROUP_TCP, "no-sack", NULL, NULL, NULL,
        "without selective acknowledgments (RFC 2018): losses are repaired as RFC 6582 has it",
        OPTION_FLAG, CONN(no_sack)},
    {GROUP_TCP, "congestion", "NAME", "cubic", NULL,
        "congestion control: cubic (RFC 9438) or newreno (RFC 5681)", OPTION_PARSED,
        .parse = parse_congestion},
    {GROUP_TCP, "ecn", "WHEN", "accept", NULL,
        "congestion notification (RFC 3168): accept it from who asks, ask for it too, or never",
        OPTION_PARSED, .parse = parse_ecn},
};

void
rows_common(struct option_set sets[ROWS_SETS], struct option_set own, struct link_options *link,
    struct spt_config *engine, struct spt_conn_options *conn)
{
	/* In this order they stand within a group of the help. */
	sets[0] = (struct option_set){port_rows, RTE_DIM(port_rows), link};
	sets[1] = rows_impair(link);
	sets[2] = (struct option_set){engine_rows, RTE_DIM(engine_rows), engine};
	sets[3] = (struct option_set){conn_rows, RTE_DIM(conn_rows), conn};
	sets[4] = own;
	sets[5] = rows_run(link);
}

struct option_set
rows_impair(struct link_options *link)
{
	return (struct option_set){impair_rows, RTE_DIM(impair_rows), link};
}

struct option_set
rows_run(struct link_options *link)
{
	return (struct option_set){run_rows, RTE_DIM(run_rows), link};
}

static const char *const cookies_words[] = {
    [SPT_COOKIES_AUTO] = "auto", [SPT_COOKIES_ALWAYS] = "always", [SPT_COOKIES_NEVER] = "never"};

int
rows_choose_cookies(
    const char *value, enum spt_syn_cookies *cookies, char *error, size_t error_size)
{
	int chosen = option_choice(value, cookies_words, RTE_DIM(cookies_words), error, error_size);

	if (chosen < 0)
		return chosen;
	*cookies = (enum spt_syn_cookies)chosen;
	return 0;
}

const char *
rows_cookies_name(enum spt_syn_cookies cookies)
{
	return cookies_words[cookies];
}

const char *
rows_congestion_name(enum spt_congestion congestion)
{
	return congestion_words[congestion];
}

const char *
rows_ecn_name(enum spt_ecn ecn)
{
	return ecn_words[ecn];
}
