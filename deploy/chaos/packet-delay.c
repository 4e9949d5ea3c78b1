/*
 * Holds every packet that the kernel puts into an NFQUEUE for a while, in order. Does what
 * `tc netem delay` does, for kernels that are built without it.
 *
 * Usage:  packet-delay QUEUE DELAY_MS JITTER_MS
 * Rule:   iptables -I INPUT -p tcp -j NFQUEUE --queue-num QUEUE --queue-bypass
 *
 * Both in the network namespace of the container. Prints "ready" when it holds the queue, and ends on
 * SIGTERM; the kernel then drops the packets it held, and TCP sends them again.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <libnetfilter_queue/libnetfilter_queue.h>
#include <linux/netfilter.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

/* At 50 ms this is more than a million packets a second. */
#define CAPACITY 65536u
#define RECEIVE_BYTES (4 << 20)

struct held {
	uint32_t id;
	int64_t due_us;
};

/* A ring: packets leave in the order in which they came, so the oldest is always due first. */
static struct held ring[CAPACITY];
static uint32_t oldest, next;
static int64_t delay_us, jitter_us, last_due_us;

static int64_t now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t jitter(void)
{
	if (jitter_us == 0)
		return 0;
	return rand() % (2 * jitter_us + 1) - jitter_us;
}

static int hold(struct nfq_q_handle *queue, struct nfgenmsg *message, struct nfq_data *packet,
		void *unused)
{
	(void)message;
	(void)unused;
	uint32_t id = ntohl(nfq_get_msg_packet_hdr(packet)->packet_id);
	if (next - oldest == CAPACITY)
		return nfq_set_verdict(queue, id, NF_DROP, 0, NULL);
	int64_t due_us = now_us() + delay_us + jitter();
	/* TCP takes packets that overtake each other for loss; jitter is not to cause any. */
	if (due_us < last_due_us)
		due_us = last_due_us;
	last_due_us = due_us;
	ring[next++ % CAPACITY] = (struct held){ id, due_us };
	return 0;
}

static void release_due(struct nfq_q_handle *queue)
{
	int64_t now = now_us();
	while (oldest != next && ring[oldest % CAPACITY].due_us <= now)
		nfq_set_verdict(queue, ring[oldest++ % CAPACITY].id, NF_ACCEPT, 0, NULL);
}

/* Waits for a packet until the oldest is due; a negative descriptor would never be ready. */
static bool packet_arrives(int descriptor)
{
	struct pollfd waiting = { .fd = descriptor, .events = POLLIN };
	struct timespec timeout = { .tv_sec = 1 };
	if (oldest != next) {
		int64_t left_us = ring[oldest % CAPACITY].due_us - now_us();
		if (left_us < 0)
			left_us = 0;
		timeout.tv_sec = left_us / 1000000;
		timeout.tv_nsec = left_us % 1000000 * 1000;
	}
	return ppoll(&waiting, 1, &timeout, NULL) > 0;
}

static int serve(struct nfq_handle *handle, struct nfq_q_handle *queue)
{
	static char message[1 << 16];
	int descriptor = nfq_fd(handle);
	int bytes = RECEIVE_BYTES;
	setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
	puts("ready");
	fflush(stdout);
	for (;;) {
		release_due(queue);
		if (!packet_arrives(descriptor))
			continue;
		ssize_t length = recv(descriptor, message, sizeof message, 0);
		if (length > 0)
			nfq_handle_packet(handle, message, (int)length);
		else if (length < 0 && errno != ENOBUFS && errno != EINTR)
			return perror("packet-delay: recv"), 1;
	}
}

int main(int count, char **arguments)
{
	if (count != 4)
		return fprintf(stderr, "usage: packet-delay QUEUE DELAY_MS JITTER_MS\n"), 2;
	delay_us = (int64_t)(atof(arguments[2]) * 1000);
	jitter_us = (int64_t)(atof(arguments[3]) * 1000);
	struct nfq_handle *handle = nfq_open();
	if (handle == NULL)
		return perror("packet-delay: nfq_open"), 1;
	struct nfq_q_handle *queue =
		nfq_create_queue(handle, (uint16_t)atoi(arguments[1]), hold, NULL);
	if (queue == NULL)
		return perror("packet-delay: nfq_create_queue"), 1;
	nfq_set_mode(queue, NFQNL_COPY_META, 0);
	nfq_set_queue_maxlen(queue, CAPACITY);
	return serve(handle, queue);
}
