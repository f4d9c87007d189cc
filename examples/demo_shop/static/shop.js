// What was tried on is what goes into the cart, also when it was another colour.
addEventListener("genvoris:add-to-cart", ({ detail }) => {
  const slug = document.querySelector('#buy [name="slug"]');
  if (slug && detail.product.id) slug.value = detail.product.id;
});
