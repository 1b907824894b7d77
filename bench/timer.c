/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timer: run the same steps for several peers in turn, and print how long each took.
 *
 *   timer ROUNDS GAP < jobs         GAP: microseconds of rest after each step
 *
 * jobs: a line a step, its words separated by tabs: PEER STEP WORD… . In each round each peer does all its steps in
 * their order; who begins changes from round to round. A STEP that begins with `-` is done but not printed.
 * @ID@ in a word becomes a name that no other round or peer has. Two STEPs are the timer's own:
 *   PEER -namespace FILE            the peer's later steps run in this mount namespace
 *   PEER -dead PIDFILE              wait until that process has ended
 * Output, a line a step: PEER STEP ROUND NANOSECONDS STATUS. Two rounds at the beginning are not printed.
 *
 * The clock starts in the child, just before execve: vfork shares the variable.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PEERS_MAX 16
#define STEPS_MAX 64
#define WORDS_MAX 256
#define WARM_UP 2

struct step {
	char *name, *words[WORDS_MAX];
};

struct peer {
	char *name;
	int namespace_fd;
	struct step steps[STEPS_MAX];
	size_t steps_count;
};

static struct peer peers[PEERS_MAX];
static size_t peers_count;
static volatile uint64_t began;

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static _Noreturn void stop(const char *what, const char *name)
{
	fprintf(stderr, "timer: %s %s: %s\n", what, name, strerror(errno));
	exit(1);
}

static struct peer *peer_named(const char *name)
{
	for (size_t i = 0; i < peers_count; i++)
		if (strcmp(peers[i].name, name) == 0)
			return &peers[i];
	if (peers_count == PEERS_MAX)
		stop("too many peers", name);
	peers[peers_count] = (struct peer){.name = strdup(name), .namespace_fd = -EBADF};
	return &peers[peers_count++];
}

static void read_jobs(void)
{
	static char line[65536];

	while (fgets(line, sizeof(line), stdin)) {
		char *rest = strdup(line);

		rest[strcspn(rest, "\n")] = '\0';
		struct peer *peer = peer_named(strsep(&rest, "\t"));
		struct step *step = &peer->steps[peer->steps_count];
		size_t count = 0;

		step->name = strsep(&rest, "\t");
		while (rest && count < WORDS_MAX - 1)
			step->words[count++] = strsep(&rest, "\t");
		if (count == 0 || peer->steps_count == STEPS_MAX - 1)
			stop("cannot take step", step->name ? step->name : "");
		if (strcmp(step->name, "-namespace") == 0) {
			peer->namespace_fd = open(step->words[0], O_RDONLY | O_CLOEXEC);
			if (peer->namespace_fd < 0)
				stop("cannot open", step->words[0]);
		} else {
			peer->steps_count++;
		}
	}
}

static char *with_id(const char *word, const char *id)
{
	const char *place = strstr(word, "@ID@");
	char *text;

	if (!place)
		return strdup(word);
	if (asprintf(&text, "%.*s%s%s", (int)(place - word), word, id, place + 4) < 0)
		stop("cannot build", word);
	return text;
}

/* In the vfork child: only system calls. */
static _Noreturn void execute(const struct peer *peer, char **words, int null_fd)
{
	dup2(null_fd, 0);
	dup2(null_fd, 1);
	if (!getenv("SHOW_ERRORS"))
		dup2(null_fd, 2);
	if (peer->namespace_fd >= 0 && (setns(peer->namespace_fd, CLONE_NEWNS) < 0 || chdir("/") < 0))
		_exit(126);
	began = now();
	execv(words[0], words);
	_exit(127);
}

static int run(const struct peer *peer, char **words, int null_fd, uint64_t *ret_time)
{
	int status;
	pid_t pid = vfork();

	if (pid == 0)
		execute(peer, words, null_fd);
	if (pid < 0)
		stop("cannot start", words[0]);
	/* Orphans of the peers come here too: they are reaped, and not meant. */
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			stop("cannot wait for", words[0]);
	*ret_time = now() - began;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void wait_dead(const char *pid_file)
{
	FILE *file = fopen(pid_file, "re");
	int pid = 0;

	/* Without one the step that should have written it has failed, and says so itself. */
	if (!file)
		return;
	if (fscanf(file, "%d", &pid) != 1)
		stop("cannot read", pid_file);
	fclose(file);
	/* It is our child by now (we are its subreaper); where it is not, look at it until it is gone. */
	if (waitpid(pid, NULL, 0) < 0)
		while (kill(pid, 0) == 0)
			usleep(1000);
}

static void do_step(const struct peer *peer, const struct step *step, int round, int null_fd)
{
	char id[64], *words[WORDS_MAX] = {0};
	uint64_t time = 0;
	int status = 0;

	snprintf(id, sizeof(id), "bench%d-%s-%d", getpid(), peer->name, round + WARM_UP);
	for (size_t i = 0; step->words[i]; i++)
		words[i] = with_id(step->words[i], id);
	if (strcmp(step->name, "-dead") == 0)
		wait_dead(words[0]);
	else
		status = run(peer, words, null_fd, &time);
	if (round >= 0 && step->name[0] != '-')
		printf("%s\t%s\t%d\t%llu\t%d\n", peer->name, step->name, round, (unsigned long long)time, status);
	for (size_t i = 0; words[i]; i++)
		free(words[i]);
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: timer ROUNDS GAP < jobs\n");
		return 2;
	}
	const int rounds = atoi(argv[1]);
	const useconds_t gap = (useconds_t)atoi(argv[2]);
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	read_jobs();
	for (int round = -WARM_UP; round < rounds; round++)
		for (size_t i = 0; i < peers_count; i++) {
			const struct peer *peer = &peers[((size_t)(round + WARM_UP) + i) % peers_count];

			for (size_t j = 0; j < peer->steps_count; j++) {
				do_step(peer, &peer->steps[j], round, null_fd);
				if (gap)
					usleep(gap);
			}
			while (waitpid(-1, NULL, WNOHANG) > 0)
				;
		}
	return 0;
}
