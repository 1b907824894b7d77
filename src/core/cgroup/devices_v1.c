/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devices_v1: a device set as v1's devices controller can hold it: a behaviour for all devices and exceptions to it,
 * without an order (Documentation/admin-guide/cgroup-v1/devices.rst). A set whose order matters and cannot be
 * resolved is refused, never loosened. Runs in the runtime.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/format.h"
#include "core/cgroup/parts.h"

#define LIST_SIZE (256 << 10)

static int open_list(const struct cgroup_dir *dir, bool allow)
{
	int fd = openat(dir->fd, allow ? "devices.allow" : "devices.deny", O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* One line for devices.allow or devices.deny: "c 1:3 rwm". */
static int write_line(int list_fd, const struct cgroup_device *device)
{
	char text[80], number[2][24];
	const int64_t numbers[2] = {device->major, device->minor};

	for (size_t i = 0; i < 2; i++)
		if (numbers[i] == OCI_DEVICE_ANY)
			memcpy(number[i], "*", 2);
		else
			format_text(number[i], sizeof(number[i]), "%lld", (long long)numbers[i]);
	format_text(text, sizeof(text), "%c %s:%s %s%s%s", device->type, number[0], number[1],
		    device->access & CGROUP_DEVICE_READ ? "r" : "", device->access & CGROUP_DEVICE_WRITE ? "w" : "",
		    device->access & CGROUP_DEVICE_MKNOD ? "m" : "");
	return fd_write_all(list_fd, text, strlen(text));
}

static int refused(const struct cgroup_dir *dir, const char *path, const struct cgroup_device *device,
		   const struct plan_cgroup *plan, bool allow, int errnum, struct err *err)
{
	err_sys(err, errnum, "write", "cannot write to %s of the cgroup %s%s", allow ? "devices.allow" : "devices.deny",
		dir->hierarchy->mount_point, path);
	if (errnum == -EPERM && allow) {
		err_why(err, "the cgroup above does not allow the device");
		err_fix(err, "leave the rule out, or allow the device in the cgroup above");
	}
	return cgroup_err_where(err, plan, device && device->where ? device->where : "/linux/resources/devices");
}

/*
 * Turn the ordered set into exceptions: rules that say the same as the rest carve from the exceptions before them. What
 * would need a hole in a wider exception cannot be said in v1.
 */
static int resolve(struct cgroup_device_set *set, const struct plan_cgroup *plan, struct err *err)
{
	size_t count = 0;

	for (size_t i = 0; i < set->count; i++) {
		const struct cgroup_device device = set->items[i];
		size_t kept = 0;

		if (device.allow != set->allow_rest) {
			set->items[count++] = device;
			continue;
		}
		for (size_t j = 0; j < count; j++) {
			struct cgroup_device *old = &set->items[j];

			if (cgroup_device_covers(&device, old)) {
				old->access &= (uint8_t)~device.access;
			} else if (cgroup_device_overlaps(&device, old) && (device.access & old->access)) {
				err_set(err, ERR_UNSUPPORTED,
					"a device rule takes a part out of an earlier, wider one");
				err_why(err, "cgroup v1 knows exceptions to a default, but no exceptions to those");
				err_fix(err, "write the wider rule as single devices, or use cgroup2");
				return cgroup_err_where(err, plan, device.where);
			}
			if (old->access != 0)
				set->items[kept++] = *old;
		}
		count = kept;
	}
	set->count = count;
	/* v1 grants an access only when one exception holds all of its bits: add those of wider exceptions. mknod is never
	 * asked for together with others. */
	for (size_t i = 0; !set->allow_rest && i < count; i++)
		for (size_t j = 0; j < count; j++)
			if (cgroup_device_covers(&set->items[j], &set->items[i]))
				set->items[i].access |= set->items[j].access & (CGROUP_DEVICE_READ | CGROUP_DEVICE_WRITE);
	return 0;
}

/* A field "1" or "*" up to `end`. */
static bool read_number(const char **text, char end, int64_t *ret)
{
	char *stop;

	if (**text == '*') {
		*ret = OCI_DEVICE_ANY;
		*text += 1;
	} else {
		*ret = strtoll(*text, &stop, 10);
		if (stop == *text)
			return false;
		*text = stop;
	}
	if (**text != end)
		return false;
	*text += 1;
	return true;
}

static bool read_line(const char *line, struct cgroup_device *ret)
{
	*ret = (struct cgroup_device){.type = line[0]};
	if (!line[0] || line[1] != ' ')
		return false;
	line += 2;
	if (!read_number(&line, ':', &ret->major) || !read_number(&line, ' ', &ret->minor))
		return false;
	for (; *line && *line != '\n'; line++)
		ret->access |= *line == 'r'   ? CGROUP_DEVICE_READ
			       : *line == 'w' ? CGROUP_DEVICE_WRITE
			       : *line == 'm' ? CGROUP_DEVICE_MKNOD
					      : 0;
	return ret->access != 0;
}

static bool same_numbers(const struct cgroup_device *one, const struct cgroup_device *other)
{
	return cgroup_device_covers(one, other) && cgroup_device_covers(other, one);
}

/* Take away what the cgroup allows now and the set does not. list: the text of devices.list. */
static int deny_others(const struct cgroup_dir *dir, const struct cgroup_device_set *set, const char *list)
{
	cleanup_fd int list_fd = open_list(dir, false);

	if (list_fd < 0)
		return list_fd;
	for (const char *line = list; *line;) {
		struct cgroup_device now;

		if (read_line(line, &now)) {
			int result;

			for (size_t i = 0; i < set->count; i++)
				if (same_numbers(&set->items[i], &now))
					now.access &= (uint8_t)~set->items[i].access;
			result = now.access != 0 ? write_line(list_fd, &now) : 0;
			if (result < 0)
				return result;
		}
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	return 0;
}

static int write_exceptions(const struct cgroup_dir *dir, const char *path, const struct cgroup_device_set *set,
			    const struct plan_cgroup *plan, struct err *err)
{
	cleanup_fd int list_fd = open_list(dir, !set->allow_rest);

	if (list_fd < 0)
		return refused(dir, path, NULL, plan, !set->allow_rest, list_fd, err);
	for (size_t i = 0; i < set->count; i++) {
		int result = write_line(list_fd, &set->items[i]);

		if (result < 0)
			return refused(dir, path, &set->items[i], plan, !set->allow_rest, result, err);
	}
	return 0;
}

/* An existing list of exceptions becomes the new one without a moment in which a device of both is denied. */
static int update_list(const struct cgroup_dir *dir, const char *path, const struct cgroup_device_set *set,
		       const struct plan_cgroup *plan, const char *list, struct err *err)
{
	int result;

	if (write_exceptions(dir, path, set, plan, err) < 0)
		return ERR;
	result = deny_others(dir, set, list);
	return result < 0 ? refused(dir, path, NULL, plan, false, result, err) : 0;
}

int cgroup_devices_v1(const struct cgroup_dir *dir, const char *path, const struct cgroup_device_set *set, bool fresh,
		      const struct plan_cgroup *plan, struct err *err)
{
	cleanup_device_set struct cgroup_device_set exceptions = *set;
	char *list = fresh ? NULL : malloc(LIST_SIZE);
	int result;

	exceptions.items = calloc(set->count + 1, sizeof(*set->items));
	if (!exceptions.items || (!fresh && !list)) {
		free(list);
		return err_set(err, ERR_INTERNAL, "out of memory for device rules");
	}
	memcpy(exceptions.items, set->items, set->count * sizeof(*set->items));
	result = resolve(&exceptions, plan, err);
	/* A list that begins with 'a' shows the default alone, not its exceptions. */
	if (result == 0 && list && !set->allow_rest && fd_read_text_at(dir->fd, "devices.list", list, LIST_SIZE) >= 0 &&
	    list[0] != 'a') {
		result = update_list(dir, path, &exceptions, plan, list, err);
	} else if (result == 0) {
		result = fd_write_text_at(dir->fd, set->allow_rest ? "devices.allow" : "devices.deny", "a");
		result = result < 0 ? refused(dir, path, NULL, plan, set->allow_rest, result, err)
				    : write_exceptions(dir, path, &exceptions, plan, err);
	}
	free(list);
	return result;
}
