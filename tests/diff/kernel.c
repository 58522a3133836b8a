/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The end that is the kernel: its sockets in the namespace of this process, the peers of many
 * conversations at once behind one TUN device. A write to the device is received, processed and
 * answered before it returns, so that what is to be read then is all there will be but for timers.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <base/addr.h>

#include "ends.h"

#define ETH_LEN 14

static struct {
	int tun, listener[2];
	struct talk *by_port[65536];
} kernel = {.tun = -1};

static uint64_t
clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * SPT_NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

static void
fail(const char *what)
{
	fprintf(stderr, "differential: %s: %s\n", what, strerror(errno));
	exit(2);
}

static socklen_t
make_sockaddr(const struct spt_endpoint *e, struct sockaddr_storage *to)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)to;
	struct sockaddr_in *four = (struct sockaddr_in *)to;

	memset(to, 0, sizeof(*to));
	if (addr_is_v4(&e->addr)) {
		four->sin_family = AF_INET;
		four->sin_port = htons(e->port);
		memcpy(&four->sin_addr, e->addr.b + 12, 4);
		return sizeof(*four);
	}
	six->sin6_family = AF_INET6;
	six->sin6_port = htons(e->port);
	memcpy(&six->sin6_addr, e->addr.b, 16);
	return sizeof(*six);
}

/* As septet's connections are by default, where a choice would show. */
static void
set_options(int fd)
{
	int on = 1;

	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on)) != 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5) != 0)
		fail("options of a socket");
}

static int
new_socket(bool ipv6)
{
	int fd = socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0)
		fail("socket");
	set_options(fd);
	return fd;
}

void
kernel_begin(const char *interface)
{
	struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};

	kernel.tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	if (kernel.tun < 0 || ioctl(kernel.tun, TUNSETIFF, &request) != 0)
		fail(interface);
	for (int i = 0; i < 2; i++) {
		struct spt_endpoint local = {.addr = ends_local(i == 1), .port = ENDS_SERVICE};
		struct sockaddr_storage to;
		socklen_t size = make_sockaddr(&local, &to);
		/* An interface without a reader has no carrier: it may take a moment. */
		int tries = 200;

		kernel.listener[i] = new_socket(i == 1);
		while (bind(kernel.listener[i], (struct sockaddr *)&to, size) != 0) {
			if (errno != EADDRNOTAVAIL || --tries == 0)
				fail("bind");
			nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
		}
		if (listen(kernel.listener[i], 4096) != 0)
			fail("listen");
	}
}

void
kernel_end(void)
{
	close(kernel.listener[0]);
	close(kernel.listener[1]);
	close(kernel.tun);
}

/* ---- frames and sockets --------------------------------------------------------------- */

static void
take_frames(uint64_t now)
{
	uint8_t frame[PACKET_MAX] = {0};
	ssize_t n;

	while ((n = read(kernel.tun, frame + ETH_LEN, sizeof(frame) - ETH_LEN)) > 0) {
		struct packet p;
		struct talk *t;

		memcpy(frame + 12, frame[ETH_LEN] >> 4 == 4 ? "\x08\x00" : "\x86\xdd", 2);
		packet_parse(frame, (unsigned int)n + ETH_LEN, &p);
		t = p.protocol == IPPROTO_TCP ? kernel.by_port[p.dport] : NULL;
		if (t == NULL)
			continue;
		t->now = now;
		talk_input(t, frame, (unsigned int)n + ETH_LEN);
	}
}

static void
take_connections(void)
{
	for (int i = 0; i < 2; i++) {
		struct sockaddr_storage from;
		socklen_t size = sizeof(from);
		int fd;

		while ((fd = accept4(kernel.listener[i], (struct sockaddr *)&from, &size,
		            SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
			struct sockaddr_in *four =
			    (struct sockaddr_in *)&from; /* the port is at one place */
			struct talk *t = kernel.by_port[ntohs(four->sin_port)];

			size = sizeof(from);
			if (t == NULL || t->other_fd >= 0) {
				close(fd);
				continue;
			}
			if (t->out.opened) {
				t->other_fd = fd;
				continue;
			}
			set_options(fd);
			t->fd = fd;
			t->out.opened = t->may_call = true;
		}
	}
}

static void
kernel_settle(struct talk *t)
{
	struct tcp_info info;
	socklen_t size = sizeof(info);

	take_frames(t->now);
	take_connections();
	if (t->out.opened || t->fd < 0)
		return;
	if (getsockopt(t->fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
		fail("TCP_INFO");
	t->out.opened = info.tcpi_state != TCP_SYN_SENT && info.tcpi_state != TCP_SYN_RECV &&
	                info.tcpi_state != TCP_CLOSE;
}

static void
kernel_deliver(struct talk *t, const uint8_t *frame, unsigned int length)
{
	(void)t;
	if (write(kernel.tun, frame + ETH_LEN, length - ETH_LEN) != (ssize_t)length - ETH_LEN)
		fail("write to the device");
}

static int
kernel_connect(struct talk *t)
{
	struct sockaddr_storage to;
	socklen_t size;

	t->fd = new_socket(t->c->ipv6);
	size = make_sockaddr(&t->local, &to);
	if (bind(t->fd, (struct sockaddr *)&to, size) != 0)
		fail("bind");
	size = make_sockaddr(&t->remote, &to);
	if (connect(t->fd, (struct sockaddr *)&to, size) == 0 || errno != EINPROGRESS)
		fail("connect");
	t->may_call = true;
	return 0;
}

static int
kernel_read(struct talk *t, uint8_t *to, uint32_t n)
{
	ssize_t got = recv(t->fd, to, n, 0);

	return got >= 0 ? (int)got : -errno;
}

static int
kernel_write(struct talk *t, const uint8_t *from, uint32_t n)
{
	ssize_t put = send(t->fd, from, n, MSG_NOSIGNAL);

	return put >= 0 ? (int)put : -errno;
}

static int
kernel_shutdown(struct talk *t)
{
	return shutdown(t->fd, SHUT_WR) == 0 ? 0 : -errno;
}

static void
kernel_close(struct talk *t)
{
	close(t->fd);
	t->fd = -1;
}

static void
kernel_abort(struct talk *t)
{
	struct linger now = {.l_onoff = 1};

	setsockopt(t->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	kernel_close(t);
}

static int
kernel_error(struct talk *t)
{
	int error = 0;
	socklen_t size = sizeof(error);

	getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &error, &size);
	/* Once the peer's FIN is there Linux calls a reset EPIPE. */
	return error == EPIPE ? -ECONNRESET : -error;
}

static const struct end_ops kernel_ops = {
    .connect = kernel_connect,
    .deliver = kernel_deliver,
    .settle = kernel_settle,
    .read = kernel_read,
    .write = kernel_write,
    .shutdown = kernel_shutdown,
    .close = kernel_close,
    .abort = kernel_abort,
    .error = kernel_error,
};

/* ---- states, of what has no socket any more too ------------------------------------------ */

static enum spt_state
state_of(unsigned int number)
{
	static const enum spt_state states[] = {SPT_CLOSED_STATE, SPT_ESTABLISHED, SPT_SYN_SENT,
	    SPT_SYN_RECEIVED, SPT_FIN_WAIT_1, SPT_FIN_WAIT_2, SPT_TIME_WAIT, SPT_CLOSED_STATE,
	    SPT_CLOSE_WAIT, SPT_LAST_ACK, SPT_LISTEN, SPT_CLOSING, SPT_SYN_RECEIVED};

	return number < RTE_DIM(states) ? states[number] : SPT_CLOSED_STATE;
}

static void
read_states(void)
{
	static const char *const files[] = {"/proc/self/net/tcp", "/proc/self/net/tcp6"};

	for (int i = 0; i < 2; i++) {
		FILE *f = fopen(files[i], "r");
		char line[300];

		if (f == NULL)
			fail(files[i]);
		while (fgets(line, sizeof(line), f) != NULL) {
			unsigned int port, state;

			if (sscanf(line, "%*d: %*[0-9A-F]:%*x %*[0-9A-F]:%x %x", &port, &state) ==
			        2 &&
			    port < 65536 && kernel.by_port[port] != NULL)
				kernel.by_port[port]->out.state = state_of(state);
		}
		fclose(f);
	}
}

void
kernel_converse(struct talk *t, const struct conversation *c, unsigned int n)
{
	static uint16_t port;
	uint64_t *next = calloc(n, sizeof(*next));
	unsigned int over = 0;

	if (next == NULL)
		abort();
	for (unsigned int i = 0; i < n; i++) {
		talk_init(&t[i], &c[i], &kernel_ops);
		ends_address(&t[i], (uint16_t)(ENDS_PORT + port));
		kernel.by_port[t[i].remote.port] = &t[i];
		port = (uint16_t)((port + 1) % ENDS_PORTS);
	}
	while (over < n) {
		uint64_t now = clock_now(), first = UINT64_MAX;

		take_frames(now);
		over = 0;
		for (unsigned int i = 0; i < n; i++) {
			/* Steps follow at once, so that no time-out falls between them. */
			for (bool due = next[i] <= now; due && !talk_over(&t[i]);) {
				uint64_t at = clock_now();

				next[i] = talk_step(&t[i], at);
				due = next[i] <= at + SPT_NS_PER_MS;
			}
			over += talk_over(&t[i]);
			if (!talk_over(&t[i]) && next[i] < first)
				first = next[i];
		}
		/* What timers send meanwhile waits in the device. */
		now = clock_now();
		if (over < n && first > now)
			nanosleep(
			    &(struct timespec){.tv_nsec = (long)RTE_MIN(first - now, 20000000ul)},
			    NULL);
	}
	read_states();
	for (unsigned int i = 0; i < n; i++) {
		if (t[i].fd >= 0)
			kernel_abort(&t[i]);
		if (t[i].other_fd >= 0)
			close(t[i].other_fd);
	}
	take_frames(clock_now());
	for (unsigned int i = 0; i < n; i++)
		kernel.by_port[t[i].remote.port] = NULL;
	free(next);
}
