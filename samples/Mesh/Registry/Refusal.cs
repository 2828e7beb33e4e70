using Grpc.Core;

namespace Mesh.Names;

/// <summary>The reason why a registration is rejected, for the caller.</summary>
internal sealed record Refusal(StatusCode Code, int HttpStatus, string Message)
{
    private const int MaxShown = 80;

    public static Refusal Invalid(string message) => new(StatusCode.InvalidArgument, StatusCodes.Status400BadRequest, message);

    public static Refusal Forbidden(string message) => new(StatusCode.PermissionDenied, StatusCodes.Status403Forbidden, message);

    /// <summary>Truncates a text for a message.</summary>
    public static string Shorten(string text) => text.Length <= MaxShown ? text : text[..MaxShown] + "...";

    public IResult ToProblem() => Results.Problem(Message, statusCode: HttpStatus);

    public RpcException ToRpcException() => new(new(Code, Message));
}
