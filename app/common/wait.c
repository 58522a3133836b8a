/* SPDX-License-Identifier: BSD-3-Clause */
/* Waiting for a signal or a time. */
#include <pthread.h>
#include <time.h>

#include "common/wait.h"

void
wait_signals(sigset_t *signals)
{
	struct sigaction hup;

	sigemptyset(signals);
	sigaddset(signals, SIGINT);
	sigaddset(signals, SIGTERM);
	/* The terminal is gone; but nohup(1) has it ignored. */
	if (sigaction(SIGHUP, NULL, &hup) == 0 && hup.sa_handler != SIG_IGN)
		sigaddset(signals, SIGHUP);
}

void
wait_block_signals(void)
{
	sigset_t signals;

	wait_signals(&signals);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
}

void
wait_block_all(void)
{
	sigset_t signals;

	/* net_tap's own signals say that a frame is there: they are for the cores, not for us. */
	sigfillset(&signals);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

spt_time
wait_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (spt_time)ts.tv_sec * SPT_NS_PER_SEC + (spt_time)ts.tv_nsec;
}

int
wait_until(const sigset_t *signals, spt_time until)
{
	spt_time now = wait_now(), left = until > now ? until - now : 0;
	const struct timespec ts = {
	    .tv_sec = (time_t)(left / SPT_NS_PER_SEC),
	    .tv_nsec = (long)(left % SPT_NS_PER_SEC),
	};
	int sig = sigtimedwait(signals, NULL, &ts);

	return sig > 0 ? sig : 0;
}
