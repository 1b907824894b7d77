/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compat: a program of 32 bits without a C library, which makes the calls that learning is asked about by the 32-bit entry:
 * arguments that a filter compares, and such as lie in memory behind socketcall(2) and ipc(2). With an argument it does
 * things that it did not do without one, each of which a profile of the first run refuses; it prints those that work.
 *
 *   gcc -m32 -nostdlib -static -fno-stack-protector -fno-pie -o compat compat.c
 */
#define CALL6(number, a, b, c, d, e) call(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e))
#define CALL(number, a, b, c) CALL6(number, a, b, c, 0, 0)

enum {
	NR_EXIT = 1, NR_READ = 3, NR_WRITE = 4, NR_OPEN = 5, NR_CLOSE = 6, NR_UNLINK = 10, NR_GETPID = 20, NR_KILL = 37,
	NR_MKDIR = 39, NR_PIPE = 42, NR_SIGNAL = 48, NR_IOCTL = 54, NR_SETRLIMIT = 75, NR_SOCKETCALL = 102, NR_WAIT4 = 114,
	NR_IPC = 117, NR_CLONE = 120, NR_PERSONALITY = 136, NR_PRCTL = 172, NR_MMAP2 = 192, NR_FCNTL64 = 221, NR_SOCKET = 359,
};
enum { SOCKETCALL_SOCKET = 1, SOCKETCALL_BIND = 2, SOCKETCALL_LISTEN = 4, SOCKETCALL_SETSOCKOPT = 14 };
enum { IPC_SEMGET = 2, IPC_MSGGET = 13 };

static long call(long number, long a, long b, long c, long d, long e)
{
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e) : "memory");
	return result;
}

static long socketcall(long which, long a, long b, long c, long d, long e)
{
	unsigned long arguments[6] = {a, b, c, d, e, 0};

	return CALL(NR_SOCKETCALL, which, arguments, 0);
}

static void say(const char *text)
{
	int length = 0;

	while (text[length])
		length++;
	CALL(NR_WRITE, 1, text, length);
}

static void expect(const char *what, long result)
{
	if (result >= 0)
		return;
	say("failed: ");
	say(what);
	say("\n");
	CALL(NR_EXIT, 1, 0, 0);
}

/* 127.0.0.1, port in the order of the network. */
static long bind_to(int fd, unsigned short port)
{
	unsigned char address[16] = {2, 0, port >> 8, port & 0xff, 127, 0, 0, 1};

	return socketcall(SOCKETCALL_BIND, fd, (long)address, sizeof(address), 0, 0);
}

static void usual(void)
{
	unsigned long limits[2] = {4096, 4096};
	int pipe[2], fd, one = 1;
	long child;

	expect("pipe", CALL(NR_PIPE, pipe, 0, 0));
	expect("fcntl64", CALL(NR_FCNTL64, pipe[0], 0x408, 0)); /* F_GETPIPE_SZ */
	expect("prctl", CALL(NR_PRCTL, 29, 50000, 0));		 /* PR_SET_TIMERSLACK */
	expect("personality", CALL(NR_PERSONALITY, -1, 0, 0));
	CALL(NR_IOCTL, 1, 0x5413, limits); /* TIOCGWINSZ, which a pipe does not have */
	expect("setrlimit", CALL(NR_SETRLIMIT, 4, limits, 0));
	expect("open", fd = CALL(NR_OPEN, "/etc/passwd", 0, 0));
	CALL(NR_CLOSE, fd, 0, 0);
	expect("mkdir", CALL(NR_MKDIR, "/tmp/made", 0755, 0));
	expect("socket", CALL(NR_SOCKET, 10, 2, 0)); /* AF_INET6, SOCK_DGRAM */
	expect("socketcall socket", fd = socketcall(SOCKETCALL_SOCKET, 2, 1, 0, 0, 0));
	expect("socketcall setsockopt", socketcall(SOCKETCALL_SETSOCKOPT, fd, 1, 2, (long)&one, sizeof(one)));
	expect("socketcall bind", bind_to(fd, 8099));
	expect("socketcall listen", socketcall(SOCKETCALL_LISTEN, fd, 1, 0, 0, 0));
	expect("ipc msgget", CALL6(NR_IPC, IPC_MSGGET, 0, 0600, 0, 0));
	CALL(NR_SIGNAL, 10, 1, 0); /* SIGUSR1 is ignored */
	expect("kill", CALL(NR_KILL, CALL(NR_GETPID, 0, 0, 0), 10, 0));
	expect("clone", child = CALL(NR_CLONE, 17, 0, 0));
	if (!child)
		CALL(NR_EXIT, 0, 0, 0);
	expect("wait4", CALL6(NR_WAIT4, child, 0, 0, 0, 0));
}

static void unusual(void)
{
	int pipe[2];
	char name[16];
	long fd;

	CALL(NR_PIPE, pipe, 0, 0);
	if (CALL(NR_FCNTL64, pipe[0], 0x407, 65536) >= 0)
		say("allowed: fcntl64\n");
	if (CALL(NR_PRCTL, 16, name, 0) >= 0)
		say("allowed: prctl\n");
	if (CALL(NR_SOCKET, 1, 1, 0) >= 0)
		say("allowed: socket\n");
	if (CALL6(NR_IPC, IPC_SEMGET, 0, 1, 0600, 0) >= 0)
		say("allowed: ipc\n");
	if (CALL(NR_OPEN, "/etc/shells", 0, 0) >= 0)
		say("allowed: open\n");
	if (CALL(NR_KILL, CALL(NR_GETPID, 0, 0, 0), 18, 0) >= 0)
		say("allowed: kill\n");
	fd = socketcall(SOCKETCALL_SOCKET, 2, 1, 0, 0, 0);
	if (bind_to(fd, 8100) >= 0)
		say("allowed: bind\n");
	/* What lies in memory no filter sees. */
	if (socketcall(SOCKETCALL_SOCKET, 1, 1, 0, 0, 0) >= 0)
		say("in memory: socketcall\n");
}

__attribute__((used)) static void begin(long *stack)
{
	usual();
	if (stack[0] > 1)
		unusual();
	say("done\n");
	CALL(NR_EXIT, 0, 0, 0);
}

__asm__(".globl _start\n_start: mov %esp, %eax\n push %eax\n call begin\n");
