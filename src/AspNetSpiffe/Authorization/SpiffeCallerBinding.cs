using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.ApplicationModels;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using Microsoft.AspNetCore.Mvc.ModelBinding.Metadata;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AspNetSpiffe;

/// <summary>Binds a <see cref="SpiffeCaller"/> of an action as minimal APIs do: never from the request's data, not part of the API description, and 401 without a caller if it is required.</summary>
internal sealed class SpiffeCallerBinding : IConfigureOptions<MvcOptions>, IModelBinderProvider, IModelBinder, IParameterModelConvention
{
    public void Configure(MvcOptions options)
    {
        // As the framework does for its own special types; otherwise an [ApiController] binds it from the body.
        options.ModelMetadataDetailsProviders.Add(new BindingSourceMetadataProvider(typeof(SpiffeCaller), BindingSource.Special));
        options.ModelBinderProviders.Insert(0, this);
        options.Conventions.Add(this);
    }

    public IModelBinder? GetBinder(ModelBinderProviderContext context) => context.Metadata.ModelType == typeof(SpiffeCaller) ? this : null;

    public Task BindModelAsync(ModelBindingContext bindingContext)
    {
        if (SpiffeCaller.Find(bindingContext.HttpContext) is { } caller) bindingContext.Result = ModelBindingResult.Success(caller);
        return Task.CompletedTask;
    }

    public void Apply(ParameterModel parameter)
    {
        if (parameter.ParameterType != typeof(SpiffeCaller) || !SpiffeCaller.IsRequired(parameter.ParameterInfo)) return;
        foreach (var selector in parameter.Action.Selectors) selector.EndpointMetadata.Add(new CallerRequired());
    }
}
