# SPDX-License-Identifier: LGPL-2.1-or-later
"""The introspection data as the scanner wrote it: classes, their callables, and what those take."""

import xml.etree.ElementTree

CORE = "{http://www.gtk.org/introspection/core/1.0}"
GLIB = "{http://www.gtk.org/introspection/glib/1.0}"
C = "{http://www.gtk.org/introspection/c/1.0}"

CONTAINERS = ("GLib.List", "GLib.SList", "GLib.PtrArray", "GLib.Array", "GLib.HashTable")


class Type:
    """Of a parameter, a result or a property."""

    def __init__(self, owner):
        self.element = owner.find(CORE + "type")
        self.is_array = self.element is None
        if self.is_array:
            self.element = owner.find(CORE + "array")
        self.name = "" if self.element is None else self.element.get("name") or ""

    @property
    def elements(self):
        """What a container contains; nothing if it does not say so, or is none."""
        return [kind.get("name") or "array" for kind in self.element
                if kind.tag in (CORE + "type", CORE + "array")]

    @property
    def is_container(self):
        return self.is_array or self.name in CONTAINERS

    def __str__(self):
        return (self.name or "array") + (f"<{','.join(self.elements)}>" if self.elements else "")


class Value:
    """A parameter or a result."""

    def __init__(self, element):
        self.element = element
        self.name = element.get("name")
        self.type = Type(element)
        self.nullable = element.get("nullable") == "1"
        self.transfer = element.get("transfer-ownership")
        self.scope = element.get("scope")
        self.closure = element.get("closure")
        self.destroy = element.get("destroy")
        self.is_out = element.get("direction") == "out"

    @property
    def doc(self):
        return (self.element.findtext(CORE + "doc") or "").replace("\n", " ")

    @property
    def signature(self):
        return (str(self.type), self.nullable, self.transfer)


class Callable:
    """A function, method, constructor, callback or signal."""

    def __init__(self, owner, element):
        self.element = element
        self.kind = element.tag.removeprefix(CORE).removeprefix(GLIB)
        self.short_name = element.get("name")
        self.name = f"{owner}.{self.short_name}" if owner else self.short_name
        self.identifier = element.get(C + "identifier")
        self.throws = element.get("throws") == "1"
        self.introspectable = element.get("introspectable") != "0"
        self.result = Value(element.find(CORE + "return-value"))
        parameters = element.find(CORE + "parameters")
        self.parameters = [Value(parameter) for parameter in (parameters or ())
                           if parameter.tag == CORE + "parameter"]

    @property
    def is_async(self):
        return any(p.type.name == "Gio.AsyncReadyCallback" for p in self.parameters)


class Class:
    """A class, or a record: what has methods."""

    def __init__(self, element):
        self.element = element
        self.name = element.get("name")
        self.type_function = element.get(GLIB + "get-type")
        self.callables = {child.get("name"): Callable(self.name, child) for child in element
                          if child.tag in (CORE + "method", CORE + "function", CORE + "constructor")}
        self.signals = {child.get("name"): Callable(self.name, child)
                        for child in element.findall(GLIB + "signal")}
        self.properties = {child.get("name"): child for child in element.findall(CORE + "property")}

    @property
    def is_boxed(self):
        return self.element.tag == CORE + "record" and self.type_function is not None


class Namespace:
    def __init__(self, path):
        self.element = xml.etree.ElementTree.parse(path).getroot().find(CORE + "namespace")
        self.classes = {child.get("name"): Class(child) for child in self.element
                        if child.tag in (CORE + "class", CORE + "record") and
                        child.get(GLIB + "is-gtype-struct-for") is None}
        self.enums = {child.get("name"): child for kind in ("enumeration", "bitfield")
                      for child in self.element.findall(CORE + kind)}
        self.constants = {child.get("name"): child for child in self.element.findall(CORE + "constant")}
        self.callbacks = {child.get("name"): Callable(None, child)
                          for child in self.element.findall(CORE + "callback")}
        self.functions = {child.get("name"): Callable(None, child)
                          for child in self.element.findall(CORE + "function")}

    def callables(self):
        """All but the signals."""
        for owner in self.classes.values():
            yield from owner.callables.values()
        for name, enum in self.enums.items():
            yield from (Callable(name, child) for child in enum.findall(CORE + "function"))
        yield from self.functions.values()
        yield from self.callbacks.values()

    def signals(self):
        for owner in self.classes.values():
            yield from owner.signals.values()

    def is_callback(self, name):
        return name in self.callbacks or name in ("Gio.AsyncReadyCallback", "GLib.DestroyNotify")
