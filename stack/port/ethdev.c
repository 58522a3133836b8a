/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A queue pair of an ethdev port at work. A device is asked for checksums and scattered
 * transmission and never assumed to have them; what it lacks is done here.
 */
#include <rte_ethdev.h>
#include <rte_malloc.h>

#include "../base/debug.h"
#include "../wire/wire.h"

#include "copy.h"
#include "ethdev.h"

#define ETHDEV_TX_L4_FLAGS       (RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IPV6)
#define ETHDEV_RX_CHECKSUM_FLAGS (RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK)

static inline uint16_t
ethdev_receive(struct ethdev_port *self, struct rte_mbuf **m, uint16_t n)
{
	uint16_t i, got;

	SPT_ASSERT(n <= PORT_BURST);
	got = rte_eth_rx_burst(self->port_id, self->queue_id, m, n);
	self->rx_frames += got;
	for (i = 0; i < got; i++)
		self->rx_bytes += m[i]->pkt_len;
	return got;
}

uint16_t
ethdev_rx_trusted(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	return ethdev_receive((struct ethdev_port *)p, m, n);
}

uint16_t
ethdev_rx_software(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	uint16_t i, got = ethdev_receive((struct ethdev_port *)p, m, n);

	for (i = 0; i < got; i++)
		m[i]->ol_flags &= ~ETHDEV_RX_CHECKSUM_FLAGS;
	return got;
}

enum ethdev_report {
	ETHDEV_REPORT_NONE, /* the device claims nothing that we could check */
	ETHDEV_REPORT_RIGHT,
	ETHDEV_REPORT_WRONG,
};

/*
 * Is what the device calls good, good? Its word is taken off 'm', so that wire/ sums for
 * itself whatever the answer. A report of a bad checksum is summed again there anyway; one
 * of a frame that never left memory and so has none (CKSUM_NONE, of virtio) says that the
 * field cannot be checked, and stays.
 */
static enum ethdev_report
ethdev_report_check(struct rte_mbuf *m, const struct rte_ether_addr *mac)
{
	bool ip_good = (m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_GOOD;
	bool l4_good = (m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	enum spt_verdict verdict;
	struct frame f;
	uint32_t sum;

	if (ip_good)
		m->ol_flags &= ~RTE_MBUF_F_RX_IP_CKSUM_MASK;
	if (l4_good)
		m->ol_flags &= ~RTE_MBUF_F_RX_L4_CKSUM_MASK;
	if (!ip_good && !l4_good)
		return ETHDEV_REPORT_NONE;
	verdict = wire_parse_frame(m, mac, &f);
	if (verdict == SPT_V_IP4_BAD_CHECKSUM)
		return ip_good ? ETHDEV_REPORT_WRONG : ETHDEV_REPORT_NONE;
	if (verdict != SPT_V_CONTINUE || f.class != WIRE_TCP || !l4_good)
		return ETHDEV_REPORT_NONE;
	sum = wire_sum_pseudo(&f.src, &f.dst, IP_PROTO_TCP, f.l4_len);
	sum = wire_sum_mbuf(m, f.l4_off, f.l4_len, sum);
	return wire_fold(sum) == 0xffff ? ETHDEV_REPORT_RIGHT : ETHDEV_REPORT_WRONG;
}

/*
 * The same behind a VLAN tag, which above us is a wrapper's affair: what follows the tag's four
 * bytes looks like a frame from its EtherType on. Its addresses do not, and are as they are.
 */
static enum ethdev_report
ethdev_report_check_tagged(struct rte_mbuf *m)
{
	enum ethdev_report report;

	rte_pktmbuf_adj(m, RTE_VLAN_HLEN);
	report = ethdev_report_check(m, rte_pktmbuf_mtod(m, const struct rte_ether_addr *));
	rte_pktmbuf_prepend(m, RTE_VLAN_HLEN);
	return report;
}

static bool
ethdev_is_tagged(const struct rte_mbuf *m)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);

	return m->data_len >= WIRE_ETH_LEN + RTE_VLAN_HLEN &&
	       eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_VLAN);
}

uint16_t
ethdev_rx_confirm(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	struct ethdev_port *self = (struct ethdev_port *)p;
	uint16_t i, got = ethdev_receive(self, m, n);

	for (i = 0; i < got; i++) {
		switch (ethdev_is_tagged(m[i]) ? ethdev_report_check_tagged(m[i])
		                               : ethdev_report_check(m[i], &p->mac)) {
		case ETHDEV_REPORT_NONE: break;
		case ETHDEV_REPORT_RIGHT: self->unconfirmed -= self->unconfirmed > 0; break;
		case ETHDEV_REPORT_WRONG: self->rx_checksum_wrong++; break;
		}
	}
	if (self->rx_checksum_wrong > 0)
		self->ops.rx = ethdev_rx_software;
	else if (self->unconfirmed == 0)
		self->ops.rx = ethdev_rx_trusted;
	return got;
}

/* Frames on the wire, and bytes of them, of what the device gets: it may be a large send. */
static inline void
ethdev_count(const struct rte_mbuf *m, bool tso, uint64_t *frames, uint64_t *bytes)
{
	uint32_t headers, more;

	*frames += 1;
	*bytes += m->pkt_len;
	if (!tso || !(m->ol_flags & RTE_MBUF_F_TX_TCP_SEG))
		return;
	headers = m->l2_len + m->l3_len + m->l4_len;
	more = (m->pkt_len - headers - 1) / m->tso_segsz;
	*frames += more;
	*bytes += (uint64_t)more * headers;
}

static inline uint16_t
ethdev_send(struct ethdev_port *self, struct rte_mbuf **m, uint16_t n, bool tso)
{
	uint64_t frames = 0, bytes = 0, left = 0, left_bytes = 0;
	uint16_t i, sent;

	/* Before the burst: afterwards they are the device's. */
	for (i = 0; i < n; i++)
		ethdev_count(m[i], tso, &frames, &bytes);
	sent = rte_eth_tx_burst(self->port_id, self->queue_id, m, n);
	for (i = sent; i < n; i++)
		ethdev_count(m[i], tso, &left, &left_bytes);
	self->tx_frames += frames - left;
	self->tx_bytes += bytes - left_bytes;
	return sent;
}

/* The IPv4 header's checksum, where the device fills in that of TCP only (virtio). */
static inline void
ethdev_checksum_ip(struct rte_mbuf *m)
{
	uint64_t l4 = m->ol_flags & ETHDEV_TX_L4_FLAGS;

	m->ol_flags &= ~RTE_MBUF_F_TX_L4_MASK;
	wire_checksum_tx(m);
	m->ol_flags |= l4;
}

static inline uint16_t
ethdev_send_device(struct ethdev_port *self, struct rte_mbuf **m, uint16_t n, bool tso)
{
	uint16_t done = 0, ready, sent;

	while (done < n) {
		ready = rte_eth_tx_prepare(self->port_id, self->queue_id, m + done, n - done);
		sent = ethdev_send(self, m + done, ready, tso);
		done += sent;
		if (sent < ready || done == n)
			break;
		/* The driver will never take this one; those behind it must not wait for it. */
		rte_pktmbuf_free(m[done++]);
		self->tx_refused++;
	}
	return done;
}

/* Put copies in the places of chains. Returns up to where that succeeded. */
static inline uint16_t
ethdev_linearise(struct ethdev_port *self, struct rte_mbuf **m, uint16_t n)
{
	struct rte_mbuf *copy;
	uint16_t i;

	for (i = 0; i < n; i++) {
		if (m[i]->nb_segs == 1)
			continue;
		copy = port_copy(m[i], self->pool);
		if (copy == NULL)
			break;
		if (copy->nb_segs > 1) {
			rte_pktmbuf_free(copy);
			break;
		}
		rte_pktmbuf_free(m[i]);
		m[i] = copy;
	}
	return i;
}

/* One for each way of ethdev.h: 'by_device' and 'chains' are constants there. */
static __rte_always_inline uint16_t
ethdev_transmit(struct spt_port *p, struct rte_mbuf **m, uint16_t n,
    enum ethdev_checksums by_device, enum ethdev_chains chains)
{
	struct ethdev_port *self = (struct ethdev_port *)p;
	uint16_t i, sent, ready = chains == ETHDEV_COPIED ? ethdev_linearise(self, m, n) : n;

	if (by_device == ETHDEV_CHECKSUM_TCP) {
		for (i = 0; i < ready; i++)
			ethdev_checksum_ip(m[i]);
	}
	if (by_device == ETHDEV_CHECKSUM_NONE) {
		for (i = 0; i < ready; i++)
			wire_checksum_tx(m[i]);
		sent = ethdev_send(self, m, ready, false);
	} else {
		sent = ethdev_send_device(self, m, ready, chains == ETHDEV_SEGMENTS);
	}
	self->tx_refused += n - sent;
	return sent;
}

static uint16_t
ethdev_tx_none(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	return ethdev_transmit(p, m, n, ETHDEV_CHECKSUM_NONE, ETHDEV_CHAINS);
}

static uint16_t
ethdev_tx_none_linear(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	return ethdev_transmit(p, m, n, ETHDEV_CHECKSUM_NONE, ETHDEV_COPIED);
}

static uint16_t
ethdev_tx_tcp(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	return ethdev_transmit(p, m, n, ETHDEV_CHECKSUM_TCP, ETHDEV_CHAINS);
}

static uint16_t
ethdev_tx_tcp_linear(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	return ethdev_transmit(p, m, n, ETHDEV_CHECKSUM_TCP, ETHDEV_COPIED);
}

static uint16_t
ethdev_tx_tcp_segments(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	return ethdev_transmit(p, m, n, ETHDEV_CHECKSUM_TCP, ETHDEV_SEGMENTS);
}

static uint16_t
ethdev_tx_both(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	return ethdev_transmit(p, m, n, ETHDEV_CHECKSUM_BOTH, ETHDEV_CHAINS);
}

static uint16_t
ethdev_tx_both_linear(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	return ethdev_transmit(p, m, n, ETHDEV_CHECKSUM_BOTH, ETHDEV_COPIED);
}

static uint16_t
ethdev_tx_both_segments(struct spt_port *p, spt_time now, struct rte_mbuf **m, uint16_t n)
{
	return ethdev_transmit(p, m, n, ETHDEV_CHECKSUM_BOTH, ETHDEV_SEGMENTS);
}

const ethdev_burst ethdev_tx[3][3] = {
    [ETHDEV_CHECKSUM_NONE] = {ethdev_tx_none, ethdev_tx_none_linear, NULL},
    [ETHDEV_CHECKSUM_TCP] = {ethdev_tx_tcp, ethdev_tx_tcp_linear, ethdev_tx_tcp_segments},
    [ETHDEV_CHECKSUM_BOTH] = {ethdev_tx_both, ethdev_tx_both_linear, ethdev_tx_both_segments},
};

spt_time
ethdev_next_deadline(const struct spt_port *p)
{
	return SPT_TIME_NEVER;
}

void
ethdev_stats(struct spt_port *p, struct spt_port_stats *stats)
{
	const struct ethdev_port *self = (const struct ethdev_port *)p;
	struct rte_eth_stats device;

	stats->rx_frames = self->rx_frames;
	stats->rx_bytes = self->rx_bytes;
	stats->rx_checksum_wrong = self->rx_checksum_wrong;
	stats->tx_frames = self->tx_frames;
	stats->tx_bytes = self->tx_bytes;
	stats->tx_refused = self->tx_refused;
	/* The device counts for all its queues; its first one reports, so that a sum is right. */
	if (self->queue_id == 0 && rte_eth_stats_get(self->port_id, &device) == 0) {
		stats->rx_missed = device.imissed - self->device->missed_base;
		stats->rx_no_mbuf = device.rx_nombuf - self->device->no_mbuf_base;
	}
}

void
ethdev_destroy(struct spt_port *p)
{
	struct ethdev_port *self = (struct ethdev_port *)p;

	if (__atomic_sub_fetch(&self->device->open, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	rte_eth_dev_stop(self->port_id);
	rte_eth_dev_close(self->port_id);
	rte_free(self->device);
}
