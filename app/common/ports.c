/* SPDX-License-Identifier: BSD-3-Clause */
/* The ports of a run, as they are shown. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <rte_ether.h>

#include "common/address.h"
#include "common/ports.h"

#define MAC_TEXT 18

static const char *
ports_mac(const struct spt_runtime_port_info *info, char text[MAC_TEXT])
{
	const uint8_t *mac = info->mac;

	snprintf(text, MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
	    mac[4], mac[5]);
	return text;
}

static void
ports_print_one(const struct link_options *link, unsigned int port,
    const struct spt_runtime_port_info *info, unsigned int cores)
{
	const struct spt_local *local = link_locals(link, port);
	const char *name = link->port[port].spec.text;
	char mac[MAC_TEXT], text[2 * ADDRESS_TEXT];

	printf("port %s: %s", name, info->device.summary);
	if (link->port[port].spec.kind != SPT_PORT_MEMORY)
		printf(", MAC %s", ports_mac(info, mac));
	if (link->port[port].vlan)
		printf(", VLAN %u", link->port[port].vlan);
	if (link->port[port].merge)
		printf(", receive merging");
	printf("\n");
	if (link->port[port].spec.kind != SPT_PORT_MEMORY && info->engines < cores)
		printf("port %s: %u queue%s for %u cores: %u engine%s\n", name, info->device.queues,
		    info->device.queues == 1 ? "" : "s", cores, info->engines,
		    info->engines == 1 ? " runs" : "s run");
	if (link->of[port].impair_text)
		printf("impaired: %s\n", link->of[port].impair_text);
	for (unsigned int i = 0; i < link->of[port].n_local; i++)
		printf("address %s\n", address_local_text(&local[i], text));
}

void
ports_print_start(
    const struct link_options *link, const struct spt_runtime_info *info, unsigned int cores)
{
	for (unsigned int i = 0; i < link->n_ports; i++)
		ports_print_one(link, i, &info->port[i], cores);
}

uint64_t
ports_speed(const struct spt_runtime_info *info)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < info->n_ports; i++) {
		if (info->port[i].device.speed_mbps == 0)
			return 0;
		sum += info->port[i].device.speed_mbps;
	}
	return sum;
}

void
ports_take(struct ports_end *end, struct spt_runtime *runtime)
{
	spt_runtime_info(runtime, &end->info);
	for (unsigned int i = 0; i < end->info.n_ports; i++)
		spt_runtime_snapshot_port(runtime, i, &end->port[i]);
}

bool
ports_print_law(const char *who, const struct spt_stats *stats)
{
	uint64_t sum = 0;

	for (unsigned int v = 0; v < SPT_V_COUNT; v++)
		sum += stats->verdict[v];
	printf("%s%srx_frames %" PRIu64 " = sum of verdicts %" PRIu64 ": %s\n", who,
	    who[0] ? " " : "", stats->rx_frames, sum, sum == stats->rx_frames ? "ok" : "WRONG");
	return sum == stats->rx_frames;
}

bool
ports_print_end(const struct ports_end *end, bool quiet)
{
	char who[sizeof(end->info.port[0].text) + 8];
	bool fine = true;

	for (unsigned int i = 0; i < end->info.n_ports && end->info.n_ports > 1; i++) {
		const struct spt_port_stats *s = &end->port[i].port;

		snprintf(who, sizeof(who), "port %s", end->info.port[i].text);
		if (!quiet)
			printf("%s: %" PRIu64 " frames (%" PRIu64 " bytes) in, %" PRIu64
			       " (%" PRIu64 ") out, %" PRIu64 " refused, %" PRIu64
			       " missed, %" PRIu64 " without a buffer, %" PRIu64
			       " of other VLANs\n",
			    who, s->rx_frames, s->rx_bytes, s->tx_frames, s->tx_bytes,
			    s->tx_refused, s->rx_missed, s->rx_no_mbuf, s->rx_vlan_other);
		fine &= ports_print_law(who, &end->port[i].stats);
	}
	return fine;
}

static void
ports_count(json_t *to, const char *name, uint64_t value)
{
	json_object_set_new(to, name, json_integer((json_int_t)value));
}

json_t *
ports_json(const struct ports_end *end, const struct link_options *link)
{
	json_t *list = json_array();
	char mac[MAC_TEXT];

	for (unsigned int i = 0; i < end->info.n_ports; i++) {
		const struct spt_runtime_port_info *info = &end->info.port[i];
		const struct spt_port_stats *s = &end->port[i].port;
		json_t *o = json_object(), *name = json_string(info->text);

		/* What the user typed may be no UTF-8. */
		json_object_set_new(o, "name", name ? name : json_null());
		json_object_set_new(o, "mac", json_string(ports_mac(info, mac)));
		json_object_set_new(
		    o, "vlan", link->port[i].vlan ? json_integer(link->port[i].vlan) : json_null());
		ports_count(o, "engines", info->engines);
		ports_count(o, "rx_frames", s->rx_frames);
		ports_count(o, "rx_bytes", s->rx_bytes);
		ports_count(o, "tx_frames", s->tx_frames);
		ports_count(o, "tx_bytes", s->tx_bytes);
		ports_count(o, "tx_refused", s->tx_refused);
		ports_count(o, "rx_missed", s->rx_missed);
		ports_count(o, "rx_no_mbuf", s->rx_no_mbuf);
		ports_count(o, "rx_vlan_other", s->rx_vlan_other);
		ports_count(o, "rx_merged", s->rx_merged);
		json_array_append_new(list, o);
	}
	return list;
}
