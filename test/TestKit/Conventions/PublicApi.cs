using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace AspNetSpiffe.TestKit;

/// <summary>Writes down what an assembly offers to its users.</summary>
public static class PublicApi
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    /// <summary>Describes an assembly: a line for each public type and each public member, sorted, with annotations for null.</summary>
    public static string Describe(Assembly assembly)
    {
        var lines = assembly.GetExportedTypes().SelectMany(Describe).Order(StringComparer.Ordinal);
        return string.Concat(lines.Select(line => line + "\n"));
    }

    private static IEnumerable<string> Describe(Type type)
    {
        var name = $"{type.Namespace}.{TypeText.Of(type)}";
        yield return $"{name} : {KindOf(type)}{Parents(type)}";

        foreach (var member in type.GetMembers(Declared).Where(IsVisible))
            if (Describe(member) is { } text)
                yield return $"{name}.{text}";
    }

    private static bool IsVisible(MemberInfo member) => member switch
    {
        MethodBase method => IsVisible(method),
        PropertyInfo property => property.GetAccessors(nonPublic: true).Any(IsVisible),
        EventInfo @event => IsVisible(@event.AddMethod!),
        FieldInfo field => (field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly) && !field.IsSpecialName,
        _ => false,
    } && (member is not MethodBase || member is ConstructorInfo || !IsAccessor(member)) && !IsCompilerGenerated(member);

    private static bool IsVisible(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static bool IsAccessor(MemberInfo member) =>
        member is MethodInfo { IsSpecialName: true } && !member.Name.StartsWith("op_", StringComparison.Ordinal);

    private static bool IsCompilerGenerated(MemberInfo member) =>
        member is not PropertyInfo && member.IsDefined(typeof(CompilerGeneratedAttribute)) && member.Name.StartsWith('<');

    private static string KindOf(Type type)
    {
        if (type.IsEnum) return "enum";
        if (type.IsInterface) return "interface";
        if (type.IsValueType) return "struct";
        if (type.IsSubclassOf(typeof(Delegate))) return "delegate";
        return type switch { { IsAbstract: true, IsSealed: true } => "static class", { IsAbstract: true } => "abstract class", { IsSealed: true } => "sealed class", _ => "class" };
    }

    private static string Parents(Type type)
    {
        if (type.IsEnum) return "";
        var inherited = type.BaseType is { } above && above != typeof(object) && above != typeof(ValueType) ? above : null;
        var interfaces = type.GetInterfaces().Where(i => i.IsVisible).Except(inherited?.GetInterfaces() ?? []).Select(TypeText.Of).Order(StringComparer.Ordinal);
        string[] parents = [.. inherited is null ? [] : new[] { TypeText.Of(inherited) }, .. interfaces];
        return parents.Length == 0 ? "" : ", " + string.Join(", ", parents);
    }

    private static string? Describe(MemberInfo member) => member switch
    {
        FieldInfo { IsLiteral: true, DeclaringType.IsEnum: true } field => $"{field.Name} = {Convert.ToInt64(field.GetRawConstantValue(), CultureInfo.InvariantCulture)}",
        FieldInfo { IsLiteral: true } field => $"{field.Name} : const {TypeText.Of(field)} = {Literal(field.GetRawConstantValue())}",
        FieldInfo field => $"{field.Name} : {Modifiers(field.IsStatic, field.IsFamily)}{(field.IsInitOnly ? "readonly " : "")}{TypeText.Of(field)}",
        PropertyInfo property => Describe(property),
        EventInfo @event => $"{@event.Name} : {Modifiers(@event.AddMethod!)}event {TypeText.Of(@event)}",
        ConstructorInfo { IsStatic: false } constructor => $"ctor({Parameters(constructor)})",
        MethodInfo method => $"{method.Name}{Generics(method)}({Parameters(method)}) : {Modifiers(method)}{TypeText.Of(method.ReturnParameter)}",
        _ => null,
    };

    private static string Describe(PropertyInfo property)
    {
        var accessors = property.GetAccessors(nonPublic: true).Where(IsVisible).ToArray();
        var get = accessors.Contains(property.GetMethod) ? " get;" : "";
        var set = !accessors.Contains(property.SetMethod) ? "" : IsInit(property.SetMethod!) ? " init;" : " set;";
        var index = property.GetIndexParameters() is { Length: > 0 } parameters ? $"[{string.Join(", ", parameters.Select(Parameter))}]" : "";
        var required = property.IsDefined(typeof(RequiredMemberAttribute)) ? "required " : "";
        return $"{property.Name}{index} : {Modifiers(accessors[0])}{required}{TypeText.Of(property)} {{{get}{set} }}";
    }

    private static bool IsInit(MethodInfo setter) => setter.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit));

    private static string Modifiers(MethodInfo method) =>
        Modifiers(method.IsStatic, method.IsFamily || method.IsFamilyOrAssembly) +
        (method is { IsAbstract: true, DeclaringType.IsInterface: false } ? "abstract " : method.GetBaseDefinition() != method ? "override " : "");

    private static string Modifiers(bool isStatic, bool isProtected) => (isProtected ? "protected " : "") + (isStatic ? "static " : "");

    private static string Generics(MethodInfo method) =>
        method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(TypeText.Of))}>" : "";

    private static string Parameters(MethodBase method)
    {
        var isExtension = method.IsDefined(typeof(ExtensionAttribute)) ? "this " : "";
        return isExtension + string.Join(", ", method.GetParameters().Select(Parameter));
    }

    private static string Parameter(ParameterInfo parameter)
    {
        var passing = parameter.IsOut ? "out " : parameter.IsIn ? "in " : parameter.ParameterType.IsByRef ? "ref " : "";
        var isParams = parameter.IsDefined(typeof(ParamArrayAttribute)) || parameter.IsDefined(typeof(ParamCollectionAttribute)) ? "params " : "";
        var fallback = parameter.HasDefaultValue ? $" = {Default(parameter)}" : "";
        return $"{isParams}{passing}{TypeText.Of(parameter)} {parameter.Name}{fallback}";
    }

    private static string Default(ParameterInfo parameter) =>
        parameter.RawDefaultValue is null && parameter.ParameterType.IsValueType ? "default" : Literal(parameter.RawDefaultValue);

    private static string Literal(object? value) => value switch
    {
        null => "null",
        string text => $"\"{text}\"",
        bool yes => yes ? "true" : "false",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };
}
